"""How much of the machine others used while something was measured.

What this process and its children used is taken from what all processors did (proc(5), by
psutil). On a machine that others share a time says how busy it was, not how fast we are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import psutil

MOST_BY_OTHERS: Final = 0.15
"""Of all processors. The kernel and a shell at rest use a few hundredths."""


def busy_seconds() -> float:
    """Of all processors since the machine started, waiting left out."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def own_seconds() -> float:
    """Of this process, its children that live and those that ended."""
    me = psutil.Process()
    found = 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found += times.user + times.system + times.children_user + times.children_system
    return found


class Others:
    """``with Others() as others: ...`` and then ``others.ratio``, of all processors' time."""

    def __init__(self, busy: Callable[[], float] = busy_seconds) -> None:
        self._busy = busy
        self.ratio = 0.0

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._before = self._busy(), own_seconds()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        others = (self._busy() - self._before[0]) - (own_seconds() - self._before[1])
        passed = (time.perf_counter() - self._began) * (psutil.cpu_count() or 1)
        self.ratio = max(0.0, others / passed)

    @property
    def disturbing(self) -> bool:
        return self.ratio > MOST_BY_OTHERS
