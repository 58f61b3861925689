from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proctor.interruption import sigterm_interrupts


def test_sigterm_interrupts_within_the_block_and_not_after_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), sigterm_interrupts():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_lost_interruption_comes_at_the_next_step() -> None:
    """Python drops an exception that strikes inside a finaliser."""

    class Swallower:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    told: list[int] = []
    with (
        warnings_of_lost_exceptions(),
        sigterm_interrupts() as interruption,
    ):
        progress = interruption.checked(told.append)
        progress(1)
        thing = Swallower()
        del thing
        with pytest.raises(KeyboardInterrupt):
            progress(2)
    assert told == [1]


@contextmanager
def warnings_of_lost_exceptions() -> Iterator[None]:
    """Within the block the interpreter's report of a dropped exception is not printed."""
    before = sys.unraisablehook
    sys.unraisablehook = lambda _unraisable: None
    try:
        yield
    finally:
        sys.unraisablehook = before
