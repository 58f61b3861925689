"""SIGTERM as an interruption: what ``kill`` and DVC send ends work the way Ctrl-C does.

Python's default for SIGTERM is to end at once; then an MLflow run would stay RUNNING for
ever, or services without a master. Here it raises ``KeyboardInterrupt``, so that whoever
has something to close does. An exception raised by a signal can be lost: Python drops one
that strikes inside a finaliser or a callback of an extension. So long work also asks
``check`` at each step of its progress.

Source: https://docs.python.org/3/library/signal.html (note on signal handlers and exceptions)
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether SIGTERM came."""

    def __init__(self) -> None:
        self.came = False

    def _strike(self, number: int, _frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt(f"signal {number}")

    def check(self) -> None:
        """Raises ``KeyboardInterrupt`` when SIGTERM came, also if its own got lost."""
        if self.came:
            raise KeyboardInterrupt("SIGTERM")

    def checked(self, progress: Callable[[int], None]) -> Callable[[int], None]:
        """``progress``, asking ``check`` first."""

        def told(done: int) -> None:
            self.check()
            progress(done)

        return told


@contextmanager
def sigterm_interrupts() -> Iterator[Interruption]:
    """Within the block SIGTERM raises ``KeyboardInterrupt``; main thread only."""
    interruption = Interruption()
    before = signal.signal(signal.SIGTERM, interruption._strike)  # noqa: SLF001  # one module
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGTERM, before)
