"""How large an answerer is: threads, device, queue and batches, by the machine it runs on.

Threads are as many as the model has work for (``threads_for``), and no more than the processor
time that the process may use: the cores that it may run on, or the quota of its control group
where that is less (in a container the machine's count says nothing). Each of these may be set
in the environment instead.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from pydantic import Field

from contracts.errors import BadParams
from contracts.shape import Shape
from contracts.usable_cpus import usable_cpus

THREADS_VARIABLE: Final = "PROCTOR_ANSWERER_THREADS"
DEVICE_VARIABLE: Final = "PROCTOR_ANSWERER_DEVICE"
BATCH_TOKENS_VARIABLE: Final = "PROCTOR_ANSWERER_BATCH_TOKENS"
WAITING_VARIABLE: Final = "PROCTOR_ANSWERER_WAITING"

MOST_THREADS: Final = 64
# Measured on two cores: a model of 0.4 M costs 1.4 times the processor time with two threads,
# since its operators are too small to share; one of 135 M costs the same, in half the time.
PARAMETERS_PER_THREAD: Final = 10_000_000
_DEVICE: Final = re.compile(r"auto|cpu|cuda(:[0-9]{1,2})?")


class AnswererSize(Shape):
    """``cpus``: usable cores; ``threads`` that torch computes with, ``None`` for as many as fit
    the model; ``device`` as torch names it, or ``auto``; ``batch_tokens``: padded tokens of one
    pass, ``None`` to measure at start; ``most_waiting``: questions that may wait, the next is
    refused."""

    cpus: int = Field(ge=1)
    threads: int | None = Field(default=None, ge=1, le=MOST_THREADS)
    device: str = "auto"
    batch_tokens: int | None = Field(default=None, ge=1)
    most_waiting: int = Field(default=256, ge=1)


def read_size(environment: Mapping[str, str], *, cpus: int | None = None) -> AnswererSize:
    """What the environment says, and for the rest what fits the machine (``cpus``: its usable
    cores, counted when not given). Raises ``BadParams`` naming the variable."""
    device = environment.get(DEVICE_VARIABLE, "auto")
    if not _DEVICE.fullmatch(device):
        raise BadParams(DEVICE_VARIABLE, f"{device!r} is not auto, cpu, cuda or cuda:NUMBER.")
    return AnswererSize(
        cpus=cpus or math.ceil(usable_cpus()),
        threads=whole_number(environment, THREADS_VARIABLE, MOST_THREADS),
        device=device,
        batch_tokens=whole_number(environment, BATCH_TOKENS_VARIABLE, 1_000_000),
        most_waiting=whole_number(environment, WAITING_VARIABLE, 100_000) or 256,
    )


def threads_for(size: AnswererSize, parameters: int) -> int:
    """Threads for a model of so many parameters."""
    fitting = max(1, parameters // PARAMETERS_PER_THREAD)
    return size.threads or min(size.cpus, fitting, MOST_THREADS)


def whole_number(environment: Mapping[str, str], variable: str, most: int) -> int | None:
    """From 1 to ``most``, ``None`` where nothing is said. Raises ``BadParams``."""
    text = environment.get(variable)
    if text is None:
        return None
    if not re.fullmatch("[1-9][0-9]{0,9}", text) or int(text) > most:
        raise BadParams(variable, f"{text!r} is not a whole number from 1 to {most}.")
    return int(text)
