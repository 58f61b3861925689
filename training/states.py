"""States of unfinished trainings on disk: whole, or not there.

A state is a folder ``step-NNNNNNNNN`` with tensors as safetensors and facts as JSON. It is
written under another name, synced, and renamed when complete; older ones go only then. A
state names its recipe, a digest of everything that decides the result, and is not taken
by a training of another recipe. Knows nothing of models or optimizers.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from training.storage import tensor_storage_faults

STATE_FILE: Final = "state.safetensors"
PROGRESS_FILE: Final = "progress.json"


def saved_states(folder: Path) -> list[Path]:
    """The complete states below ``folder``, oldest first."""
    return sorted(folder.glob("step-*"))


def newest_state(folder: Path, recipe: str) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """Facts and tensors of the newest sound state of this recipe; ``None`` without one."""
    for state in reversed(saved_states(folder)):
        try:
            facts = json.loads((state / PROGRESS_FILE).read_text(encoding="utf-8"))
            tensors = load_file(state / STATE_FILE)
        except (OSError, ValueError, SafetensorError):
            continue  # spoiled from outside: an older one, or the first step, will do
        if facts["recipe"] == recipe:
            return facts, tensors
    return None


def write_state(
    folder: Path, step: int, facts: Mapping[str, Any], tensors: dict[str, Tensor]
) -> None:
    """Write the state of ``step`` so that either the old or the new one is there, never a
    half. Raises ``StorageFull``."""
    older = saved_states(folder)
    fresh = folder / "unfinished"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with tensor_storage_faults(fresh):
            fresh.mkdir(parents=True)
            save_file(tensors, fresh / STATE_FILE)
            (fresh / PROGRESS_FILE).write_text(json.dumps(facts), encoding="utf-8")
            _to_disk(fresh / STATE_FILE)
            _to_disk(fresh / PROGRESS_FILE)
            # A name that sorts by step; the old states go only when the new one stands.
            fresh.rename(folder / f"step-{step:09d}")
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    for state in older:
        shutil.rmtree(state)


def _to_disk(path: Path) -> None:
    """fsync: a power cut must not leave an empty file under a state's name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
