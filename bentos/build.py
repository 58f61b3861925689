"""Builds the bento of a version: code, checkpoint, facts and pinned requirements, in a file.

The work happens in a scratch folder below ``bento_home`` that is gone afterwards, success
or not: the user's own BentoML store is neither read nor written. BentoML runs in a child
process (see ``bentos.pack``). Before the export gets its name it is unpacked and its
checkpoint compared with the recorded digest, so a file of that name is always whole.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bentos
import contracts
import mcq
from bentos.archive import bento_digest, packed_model, unpack_bento
from bentos.packed import check_packed
from contracts.errors import BadInput, BentoNotBuilt, StorageFull
from contracts.files import copy_atomically, storage_faults, write_atomically
from contracts.models import VersionFacts
from mcq.checkpoint import check_digest, read_facts
from mcq.requirements import SCORED_WITH, pinned_requirements

SERVED_WITH: Final = (*SCORED_WITH, "numpy", "prometheus-client", "starlette", "uvicorn")
"""What the packed code imports. BentoML adds the pin of its own version."""

_PACKAGES: Final = (bentos, contracts, mcq)
_TAIL_LINES: Final = 15


@dataclass(frozen=True)
class BuiltBento:
    """``digest`` covers the contents, not when they were packed: ``bentos.archive``."""

    tag: str
    digest: str
    path: Path


def labels_of(facts: VersionFacts) -> dict[str, str]:
    return {
        "model": facts.model,
        "version": facts.version,
        "run": facts.run_id,
        "digest": facts.digest,
        "commit": facts.commit,
        "scoring": facts.scoring,
    }


def bento_name(model: str) -> str:
    """A BentoML tag's name: letters, digits and single separators, as in ``coding_mcqa``."""
    return model.replace("-", "_").rstrip("_.")


def build_bento(
    checkpoint: Path, facts: VersionFacts, *, bento_home: Path, out: Path
) -> BuiltBento:
    """Build the bento of ``facts`` from its checkpoint folder and export it to ``out``. The
    template that the checkpoint is asked with is added to the facts.

    Raises ``CheckpointInvalid``, ``DigestMismatch`` (the folder is not that version),
    ``BadInput``, ``StorageFull`` or ``BentoNotBuilt``; ``out`` is then what it was before.
    """
    check_digest(checkpoint, facts.digest)
    facts = facts.model_copy(update={"template": read_facts(checkpoint).template})
    if out.is_dir():
        raise BadInput(f"{out} is a folder.", mend="Name a file to write, as in --out v3.bento.")
    out = out.absolute()
    subject = f"{facts.model}/{facts.version}"
    with storage_faults(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        bento_home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=bento_home.absolute(), prefix="build-") as name:
            scratch = Path(name)
            exported = scratch / "export.bento"
            _pack(checkpoint.absolute(), facts, scratch, exported, out)
            unpacked = unpack_bento(exported, scratch / "unpacked")
            if check_packed(packed_model(unpacked)) != facts:
                raise BentoNotBuilt(subject, "the export carries the facts of another version.")
            digest = bento_digest(unpacked)
            copy_atomically(exported, out)
    return BuiltBento(f"{bento_name(facts.model)}:{facts.version}", digest, out)


def _pack(checkpoint: Path, facts: VersionFacts, scratch: Path, exported: Path, out: Path) -> None:
    """Stage the sources and run ``bentos.pack`` on them, in a process of its own."""
    from bentos.pack import PackRequest, copy_tree

    staged = scratch / "src"
    for package in _PACKAGES:
        source = Path(str(package.__file__)).parent
        copy_tree(source, staged / source.name)
    (scratch / "tmp").mkdir()
    request = PackRequest(
        facts=facts,
        checkpoint=checkpoint,
        name=bento_name(facts.model),
        requirements=tuple(pinned_requirements(SERVED_WITH)),
        labels=labels_of(facts),
        export=exported,
    )
    write_atomically(scratch / "request.json", request.model_dump_json())
    environment = {
        **os.environ,
        "BENTOML_HOME": str(scratch / "store"),
        "BENTOML_DO_NOT_TRACK": "True",
        "TMPDIR": str(scratch / "tmp"),
        "PYTHONPATH": str(staged),
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "bentos.pack", str(scratch / "request.json")],
        cwd=staged,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == StorageFull.exit_code:
        raise StorageFull(out)
    if done.returncode or not exported.is_file():
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_TAIL_LINES:])
        raise BentoNotBuilt(
            f"{facts.model}/{facts.version}", f"BentoML ended with {done.returncode}:\n{tail}"
        )
