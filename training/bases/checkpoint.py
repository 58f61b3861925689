"""A base as it is, as a Proctor checkpoint folder: nothing is trained, nothing rewritten."""

from __future__ import annotations

import shutil
from pathlib import Path

from contracts.digests import canonical_json
from contracts.files import storage_faults
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts
from mcq.checkpoint import checkpoint_digest
from mcq.prompts import DEFAULT_TEMPLATE
from training.bases.folder import Base
from training.bases.links import link_files


def facts_of(base: Base) -> CheckpointFacts:
    """How a version that comes of ``base`` is asked: its profile's scoring and template."""
    return CheckpointFacts(
        profile=base.name, scoring=base.scoring, template=DEFAULT_TEMPLATE[base.scoring]
    )


def write_base_checkpoint(base: Base, target: Path) -> str:
    """Make ``target`` a checkpoint of ``base`` and return its digest.

    Written beside ``target`` and swapped in: after any failure what stood there stays.
    Raises ``StorageFull``.
    """
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with storage_faults(fresh):
            link_files(base.folder, fresh)
            text = canonical_json(facts_of(base).model_dump()) + "\n"
            # A link of the base's own facts, if it has some, must not be written through.
            (fresh / CHECKPOINT_FACTS_FILE).unlink(missing_ok=True)
            (fresh / CHECKPOINT_FACTS_FILE).write_text(text, encoding="utf-8")
            digest = checkpoint_digest(fresh)
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return digest
