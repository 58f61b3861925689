"""A deadline is one moment, whoever holds it."""

from __future__ import annotations

from gateway.deadlines import Deadline


class Clock:
    """Goes forward when told to."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_what_remains_shrinks_to_nothing() -> None:
    clock = Clock()
    deadline = Deadline.after(10.0, clock)
    assert (deadline.remaining_seconds, deadline.passed) == (10.0, False)
    clock.now += 9.0
    assert deadline.remaining_seconds == 1.0
    clock.now += 1.0
    assert (deadline.remaining_seconds, deadline.passed) == (0.0, True)
    clock.now += 5.0
    assert deadline.remaining_seconds == 0.0


def test_a_share_keeps_the_rest_back() -> None:
    clock = Clock()
    deadline = Deadline.after(10.0, clock)
    clock.now += 2.0
    half = deadline.share(0.5)
    assert (half.ends_at, half.seconds, half.remaining_seconds) == (106.0, 4.0, 4.0)
    clock.now += 4.0
    assert half.passed
    assert deadline.remaining_seconds == 4.0
    assert half.share(0.5).passed
