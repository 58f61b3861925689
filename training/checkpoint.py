"""Writing a checkpoint folder: beside its place, then swapped in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts.digests import canonical_json
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts
from training.storage import tensor_storage_faults


def write_checkpoint(target: Path, fill: Callable[[Path], None]) -> None:
    """Make ``target`` what ``fill`` writes into an empty folder. Raises ``StorageFull``;
    after any failure what stood there stays."""
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with tensor_storage_faults(fresh):
            fresh.mkdir(parents=True)
            fill(fresh)
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def save_model(folder: Path, model: Any, tokenizer: Any, facts: CheckpointFacts) -> None:
    """Weights as safetensors, configuration, tokenizer and ``proctor.json``."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    text = canonical_json(facts.model_dump()) + "\n"
    (folder / CHECKPOINT_FACTS_FILE).write_text(text, encoding="utf-8")
