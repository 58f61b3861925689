"""SIGTERM as an interruption: what ``kill`` and DVC send ends work the way Ctrl-C does.

Python's default for SIGTERM is to end at once; then an MLflow run would stay RUNNING for
ever, or services without a master. Here it raises ``KeyboardInterrupt``, so that whoever
has something to close does. An exception raised by a signal can strike anywhere: between a
lock's ``acquire`` and the ``with`` that would release it, so that whoever wants the lock next
waits for ever; inside a finaliser or a callback of an extension, where Python drops it. So
long work asks ``check`` at each step of its progress, and once it has begun to, a signal
waits for the next step; only where none comes within ``GRACE_SECONDS``, or at a second
signal, is the exception raised wherever the work may be. And some steps must not be cut in
two (a process that was started and not yet written down could never be ended): ``held`` puts
both signals off until such a step is over.

Source: https://docs.python.org/3/library/signal.html (note on signal handlers and exceptions)
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

# Longer than most steps of a training, too short for a person to press Ctrl-C again.
GRACE_SECONDS: Final = 1.0


class Interruption:
    """Whether SIGTERM or SIGINT came, and whether it may interrupt now."""

    def __init__(self) -> None:
        self.came = False
        self._held = 0
        self._put_off = False
        self._checked = False
        self._alarm: tuple[Any, tuple[float, float]] | None = None

    def _strike(self, number: int, _frame: FrameType | None) -> None:
        again = self.came
        self.came = True
        if self._held:
            self._put_off = True
            return
        if self._checked and not again:
            # A system timer, not a thread: starting one takes locks, which may be held here.
            handler = signal.signal(signal.SIGALRM, self._strike)
            self._alarm = handler, signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
            return
        self._stop_waiting()
        raise KeyboardInterrupt(f"signal {number}")

    def _stop_waiting(self) -> None:
        """The alarm is given back as it was: it may be somebody else's."""
        if self._alarm is not None:
            handler, timer = self._alarm
            self._alarm = None
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, *timer)

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
            self._stop_waiting()
            raise KeyboardInterrupt("a signal that waited for this step, or got lost")

    def checked(self, progress: Callable[[int], None]) -> Callable[[int], None]:
        """``progress``, asking ``check`` first."""

        def told(done: int) -> None:
            self._checked = True
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
        interruption._stop_waiting()  # noqa: SLF001  # one module
        for number, handler in before.items():
            signal.signal(number, handler)
