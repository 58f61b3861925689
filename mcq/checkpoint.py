"""A checkpoint folder: what makes it complete, and its digest.

A checkpoint is a Hugging Face folder (``config.json``, ``model.safetensors``, tokenizer
files) and ``proctor.json``, which says how the version is asked and scored. Knows no
torch: a registry or a build can check a folder without loading it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from contracts.digests import digest_of_folder
from contracts.errors import CheckpointInvalid, DigestMismatch
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts

REQUIRED: Final = ("config.json", "model.safetensors", "tokenizer.json", CHECKPOINT_FACTS_FILE)


def read_facts(folder: Path) -> CheckpointFacts:
    """The facts in ``proctor.json``. Raises ``CheckpointInvalid``."""
    for name in REQUIRED:
        if not (folder / name).is_file():
            raise CheckpointInvalid(folder, f"{name} is missing")
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
