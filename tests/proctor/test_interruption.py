from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from proctor.interruption import GRACE_SECONDS, Interruption, sigterm_interrupts


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


def struck_between(steps: Callable[[int], None], step: Callable[[], None]) -> None:
    """``step`` after the first of ``steps``, within the block; the second comes after it."""
    with sigterm_interrupts() as interruption:
        progress = interruption.checked(steps)
        progress(1)
        step()
        progress(2)


def test_a_step_that_is_asked_after_is_never_cut_in_two() -> None:
    """An exception between a lock's acquire and its ``with`` would leave it locked for ever:
    so ended a training under coverage, whose tracer takes a lock at every line."""
    lock, told = threading.Lock(), list[int]()

    def step() -> None:
        lock.acquire()
        signal.raise_signal(signal.SIGTERM)
        lock.release()

    with pytest.raises(KeyboardInterrupt):
        struck_between(told.append, step)
    assert told == [1]
    assert not lock.locked()


@pytest.mark.parametrize("again", [False, True], ids=["after the grace", "at a second signal"])
def test_where_no_step_comes_the_work_is_interrupted_all_the_same(again: bool) -> None:
    handler, began = signal.getsignal(signal.SIGALRM), time.monotonic()
    told: list[int] = []

    def step() -> None:
        signal.raise_signal(signal.SIGTERM)
        if again:
            signal.raise_signal(signal.SIGTERM)
        while True:
            signal.pause()

    with pytest.raises(KeyboardInterrupt):
        struck_between(told.append, step)
    assert told == [1]
    assert again or time.monotonic() - began >= 0.9 * GRACE_SECONDS
    assert signal.getsignal(signal.SIGALRM) == handler


def test_the_alarm_of_somebody_else_goes_on() -> None:
    before = signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        with pytest.raises(KeyboardInterrupt):
            struck_between(lambda _done: None, lambda: signal.raise_signal(signal.SIGTERM))
        assert 400 < signal.getitimer(signal.ITIMER_REAL)[0] <= 500
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)


def test_sigint_interrupts_as_before_unless_it_is_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), sigterm_interrupts():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with sigterm_interrupts():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def held_twice(number: signal.Signals, done: list[str]) -> None:
    with sigterm_interrupts() as interruption:
        with interruption.held():
            with interruption.held():
                signal.raise_signal(number)
                done.append("inner")
            done.append("outer")
        done.append("after")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_held_is_finished_and_then_interrupted(number: signal.Signals) -> None:
    done: list[str] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            held_twice(number, done)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == ["inner", "outer"]


def struck_and_broken(interruption: Interruption) -> None:
    with interruption.held():
        signal.raise_signal(signal.SIGTERM)
        raise ZeroDivisionError


def test_an_error_of_the_held_block_is_told_first_and_the_signal_is_not_lost() -> None:
    with sigterm_interrupts() as interruption:
        with pytest.raises(ZeroDivisionError):
            struck_and_broken(interruption)
        with pytest.raises(KeyboardInterrupt):
            interruption.check()


@contextmanager
def warnings_of_lost_exceptions() -> Iterator[None]:
    """Within the block the interpreter's report of a dropped exception is not printed."""
    before = sys.unraisablehook
    sys.unraisablehook = lambda _unraisable: None
    try:
        yield
    finally:
        sys.unraisablehook = before
