"""A checkpoint folder: what makes it complete, and its digest.

A checkpoint is a Hugging Face folder (``config.json``, weights as safetensors, tokenizer
files) and ``proctor.json``, which says how the version is asked and scored. Weights are
one ``model.safetensors``, or shards that ``model.safetensors.index.json`` names. Knows no
torch: a registry or a build can check a folder without loading it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from contracts.digests import digest_of_folder
from contracts.errors import CheckpointInvalid, DigestMismatch
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts

WEIGHTS: Final = "model.safetensors"
WEIGHTS_INDEX: Final = "model.safetensors.index.json"
REQUIRED: Final = ("config.json", WEIGHTS, "tokenizer.json", CHECKPOINT_FACTS_FILE)


def weight_files(folder: Path) -> tuple[str, ...]:
    """Names of the files that hold the weights, every one of them there: the index last.

    Raises ``CheckpointInvalid`` naming the first that is missing.
    """
    if (folder / WEIGHTS).is_file():
        return (WEIGHTS,)
    index = folder / WEIGHTS_INDEX
    if not index.is_file():
        raise CheckpointInvalid(folder, f"{WEIGHTS} is missing")
    shards = _shards(folder, index)
    for shard in shards:
        if not (folder / shard).is_file():
            raise CheckpointInvalid(folder, f"{shard} is missing")
    return (*shards, WEIGHTS_INDEX)


def _shards(folder: Path, index: Path) -> list[str]:
    """The files that an index names, each once."""
    try:
        shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointInvalid(folder, f"{WEIGHTS_INDEX} cannot be read ({error})") from error
    for shard in shards:
        # A name with a path in it would lead out of what the digest covers.
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise CheckpointInvalid(folder, f"{WEIGHTS_INDEX} names {shard!r}, no file beside it")
    if not shards:
        raise CheckpointInvalid(folder, f"{WEIGHTS_INDEX} names no weights")
    return shards


def read_facts(folder: Path) -> CheckpointFacts:
    """The facts in ``proctor.json``. Raises ``CheckpointInvalid``."""
    for name in REQUIRED:
        if name != WEIGHTS and not (folder / name).is_file():
            raise CheckpointInvalid(folder, f"{name} is missing")
    weight_files(folder)
    path = folder / CHECKPOINT_FACTS_FILE
    try:
        return CheckpointFacts.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise CheckpointInvalid(folder, f"{path.name} cannot be read ({error})") from error


def checkpoint_digest(folder: Path) -> str:
    """Digest over every file of a complete checkpoint. Raises ``CheckpointInvalid``."""
    read_facts(folder)
    return digest_of_folder(folder)


def check_digest(folder: Path, expected: str) -> str:
    """The folder's digest, when it is ``expected``. Raises ``DigestMismatch``."""
    found = checkpoint_digest(folder)
    if found != expected:
        raise DigestMismatch(
            f"checkpoint {folder}",
            expected=expected,
            found=found,
            mend="A file in it was altered after it was recorded: fetch or train it again.",
        )
    return found
