"""The learning rate at every step: a warm-up, then one of four ways down.

Pure functions of the step, so that a resumed training has the rates of an uninterrupted
one. ``linear`` and ``cosine`` are those of transformers' ``get_scheduler``; cosine is
SGDR's without restarts (arXiv:1608.03983). ``late-linear`` holds the peak for the first
third, which suited small models from scratch (docs/lab-log.md).
"""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["late-linear", "linear", "cosine", "constant"]


def share_of_peak(schedule: Schedule, step: int, *, steps: int, warmup_steps: int) -> float:
    """Which share of the peak rate holds at ``step`` (from 0) of ``steps``, 0 to 1."""
    up = min(1.0, (step + 1) / max(1, warmup_steps))
    if schedule == "constant":
        return up
    if schedule == "late-linear":
        return up * min(1.0, (steps - step) / (steps * 2 / 3))
    if step < warmup_steps:
        return up
    done = (step - warmup_steps) / max(1, steps - warmup_steps)
    if schedule == "linear":
        return 1.0 - done
    return 0.5 * (1.0 + math.cos(math.pi * done))
