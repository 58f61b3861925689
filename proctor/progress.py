"""Progress of long work: a bar on a terminal, a line every tenth in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from proctor.output import note


class Progress:
    """``to(done)`` says how far the work has come. Time left is estimated from the rate."""

    def __init__(
        self, what: str, total: int, unit: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._total = total
        self._unit = unit
        self._clock = clock
        self._first: tuple[int, float] | None = None
        self._told = 0
        console = Console(stderr=True)
        self._bar: Bar | None = None
        if console.is_terminal:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn(unit),
                TimeRemainingColumn(),
                console=console,
            )
            self._task = self._bar.add_task(what, total=total)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def to(self, done: int) -> None:
        """``done`` of the total are finished; resumed work may begin above zero."""
        if self._bar:
            self._bar.update(self._task, completed=done)
            return
        if self._first is None:
            # The first report marks the start: what came before it was loading.
            self._first = (done, self._clock())
        tenth = done * 10 // max(1, self._total)
        if tenth > self._told:
            self._told = tenth
            first, began = self._first
            spent = self._clock() - began
            line = f"{self._what}: {done}/{self._total} {self._unit}, {spent:.0f} s"
            if done > first:
                left = spent / (done - first) * (self._total - done)
                line += f", {left:.0f} s left"
            note(line)
