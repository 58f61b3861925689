"""SIGTERM as an interruption: what ``kill`` and DVC send ends work the way Ctrl-C does.

Python's default for SIGTERM is to end at once; then an MLflow run would stay RUNNING for
ever, or services without a master. Here it raises ``KeyboardInterrupt``, so that whoever
has something to close does. An exception raised by a signal can be lost: Python drops one
that strikes inside a finaliser or a callback of an extension. So long work also asks
``check`` at each step of its progress. And some steps must not be cut in two (a process
that was started and not yet written down could never be ended): ``held`` puts both signals
off until such a step is over.

Source: https://docs.python.org/3/library/signal.html (note on signal handlers and exceptions)
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether SIGTERM or SIGINT came, and whether it may interrupt now."""

    def __init__(self) -> None:
        self.came = False
        self._held = 0
        self._put_off = False

    def _strike(self, number: int, _frame: FrameType | None) -> None:
        self.came = True
        if self._held:
            self._put_off = True
            return
        raise KeyboardInterrupt(f"signal {number}")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block nothing is interrupted. A signal that came meanwhile raises
        ``KeyboardInterrupt`` at its end, unless the block raised something itself."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if self._put_off and not self._held:
            self._put_off = False
            raise KeyboardInterrupt("a signal that was put off")

    def check(self) -> None:
        """Raises ``KeyboardInterrupt`` when a signal came, also if its own got lost."""
        if self.came:
            raise KeyboardInterrupt("a signal that got lost")

    def checked(self, progress: Callable[[int], None]) -> Callable[[int], None]:
        """``progress``, asking ``check`` first."""

        def told(done: int) -> None:
            self.check()
            progress(done)

        return told


@contextmanager
def sigterm_interrupts() -> Iterator[Interruption]:
    """Within the block SIGTERM raises ``KeyboardInterrupt``, and SIGINT is put off where
    SIGTERM is; a SIGINT that is ignored stays so. Main thread only."""
    interruption = Interruption()
    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        numbers.append(signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            signal.signal(number, interruption._strike)  # noqa: SLF001  # one module
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
