"""A lane: how many are in it, what a place in the queue costs, who is told to come back."""

from __future__ import annotations

import pytest

from contracts.errors import Overloaded
from gateway.admission import Lane, Place
from gateway.deadlines import Deadline
from tests.gateway.test_deadlines import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lane(clock: Clock, most: int = 1_000, **changed: int) -> Lane:
    return Lane("answers", most, clock, **changed)


def fill(one: Lane, clock: Clock, number: int) -> list[Place]:
    return [one.enter(Deadline.after(1e6, clock)) for _ in range(number)]


def work_off(one: Lane, clock: Clock, places: list[Place], seconds: float) -> None:
    """Answer them one after the other, each after ``seconds``."""
    for place in places:
        clock.now += seconds
        one.leave(place, answered=True)


def test_no_more_than_the_most_are_in_it(clock: Clock) -> None:
    one = lane(clock, most=2)
    places = fill(one, clock, 2)
    with pytest.raises(Overloaded, match="2 answers are under way") as told:
        one.enter(Deadline.after(10.0, clock))
    assert told.value.retry_after_seconds == 1.0
    one.leave(places[0], answered=False)
    one.enter(Deadline.after(10.0, clock))


def test_whoever_would_come_too_late_is_told_so(clock: Clock) -> None:
    one = lane(clock)
    work_off(one, clock, fill(one, clock, 100), 0.1)
    assert one.pace_seconds == pytest.approx(0.1)
    fill(one, clock, 49)
    assert one.wait_seconds == pytest.approx(5.0)
    one.enter(Deadline.after(5.5, clock))
    with pytest.raises(Overloaded, match="50 answers are under way") as told:
        one.enter(Deadline.after(2.0, clock))
    assert told.value.retry_after_seconds == 4.0  # 3.1 s, in whole seconds


def test_a_few_are_no_queue(clock: Clock) -> None:
    one = lane(clock, queue_above=16)
    work_off(one, clock, fill(one, clock, 50), 10.0)
    for _ in range(16):
        one.enter(Deadline.after(0.1, clock))
    with pytest.raises(Overloaded):
        one.enter(Deadline.after(0.1, clock))


def test_a_slow_pace_alone_teaches_nothing(clock: Clock) -> None:
    """One caller at a time: an answer takes a second because nobody else asks."""
    one = lane(clock)
    for _ in range(100):
        work_off(one, clock, fill(one, clock, 1), 1.0)
    assert one.pace_seconds is None
    fill(one, clock, 900)


def test_failures_teach_nothing(clock: Clock) -> None:
    one = lane(clock)
    for place in fill(one, clock, 100):
        clock.now += 1.0
        one.leave(place, answered=False)
    assert one.pace_seconds is None


def test_an_answerer_that_is_well_again_is_believed(clock: Clock) -> None:
    """The pace of bad times does not keep callers out for ever: the few that are always let
    in show that it is better."""
    one = lane(clock)
    work_off(one, clock, fill(one, clock, 100), 5.0)
    fast = 0
    while one.pace_seconds is not None and one.pace_seconds > 0.05:
        work_off(one, clock, fill(one, clock, 1), 0.01)
        fast += 1
    assert 0 < fast < 300


def test_the_answerers_width_counts(clock: Clock) -> None:
    """Sixteen at once, every second: a place costs a sixteenth of it."""
    one = lane(clock)
    places = fill(one, clock, 320)
    while places:
        clock.now += 1.0
        for place in places[:16]:
            one.leave(place, answered=True)
        places = places[16:]
    assert one.pace_seconds == pytest.approx(1.0 / 16, rel=0.2)


def test_a_batch_takes_as_many_places_as_it_has_questions(clock: Clock) -> None:
    one = lane(clock, most=64)
    (place,) = fill(one, clock, 1)
    one.widen(place, 60, Deadline.after(10.0, clock))
    assert one.under_way == 60
    fill(one, clock, 4)
    (late,) = [place]
    with pytest.raises(Overloaded):
        one.widen(late, 61, Deadline.after(10.0, clock))
    one.leave(place, answered=True)
    assert one.under_way == 4


def test_a_batch_that_would_come_too_late_is_told_so(clock: Clock) -> None:
    one = lane(clock)
    work_off(one, clock, fill(one, clock, 100), 0.1)
    (place,) = fill(one, clock, 1)
    with pytest.raises(Overloaded, match="after its deadline"):
        one.widen(place, 64, Deadline.after(5.0, clock))
    assert one.under_way == 1
