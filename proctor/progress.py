"""Progress of long work: a bar on a terminal, a line every tenth in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from proctor.output import note


class Progress:
    """``to(done)`` says how far the work has come. The rate and the time left are of this
    process's own work: what was done before the first report counts in neither."""

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
                _RateColumn(unit),
                TimeRemainingColumn(),
                console=console,
                get_time=clock,
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

    def to(self, done: int, total: int | None = None) -> None:
        """``done`` of the total are finished; resumed work may begin above zero. ``total``
        where it is known better by now."""
        if total is not None:
            self._total = total
        begins = self._first is None
        if self._first is None:
            # The first report marks the start: what came before it was loading.
            self._first = (done, self._clock())
        if self._bar:
            if begins and done:
                # rich reckons its rate from steps; a bar that begins anew has none behind it.
                self._bar.reset(self._task, total=self._total, completed=done)
            self._bar.update(self._task, completed=done, total=self._total)
            return
        tenth = done * 10 // max(1, self._total)
        if tenth > self._told:
            self._told = tenth
            first, began = self._first
            spent = self._clock() - began
            line = f"{self._what}: {done}/{self._total} {self._unit}, {spent:.0f} s"
            if done > first:
                left = spent / (done - first) * (self._total - done)
                line += f", {left:.0f} s left"
                if spent > 0:
                    line += f", {(done - first) / spent:.1f} {self._unit} a second"
            note(line)


class _RateColumn(ProgressColumn):
    """How many of ``unit`` were done a second lately."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        super().__init__()

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {self._unit}/s")
