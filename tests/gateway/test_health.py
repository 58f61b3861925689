"""One answerer's health, with the time handed in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.health import NEVER, REASONS, Failure, Health, HealthSettings, Permit

SETTINGS = HealthSettings()


def healthy(now: float = 0.0, **changes: Any) -> Health:
    return Health(HealthSettings(**changes), now)


def begun(health: Health) -> Permit:
    permit = health.begin()
    assert permit is not None
    return permit


def fail(health: Health, failure: Failure, now: float, given_seconds: float = 5.0) -> None:
    health.unheard(begun(health), failure, now, given_seconds)


def probe(health: Health, failure: Failure | None, now: float, took: float = 0.0) -> None:
    assert health.probe_due_at() <= now
    health.probe_begins(now)
    assert health.probe_due_at() == NEVER
    health.probed(failure, now + took)


def ejected(by: Failure = "refused", now: float = 0.0) -> Health:
    """One that was ejected at ``now``: by a question, or by its silence to three."""
    health = healthy(now)
    for _ in range(1 if by == "refused" else 3):
        fail(health, by, now)
    assert health.state == "ejected"
    return health


def test_a_refused_connection_ejects_at_once() -> None:
    health = healthy()
    fail(health, "refused", 1.0)
    assert (health.state, health.reason) == ("ejected", "nothing listens there")
    assert health.begin() is None
    assert health.stats().ejections_total == 1


@pytest.mark.parametrize("failure", ["unreachable", "broken", "silent", "unready"])
def test_other_failures_eject_when_nothing_is_heard_between(failure: Failure) -> None:
    health = healthy()
    for _ in range(5):
        fail(health, failure, 1.0)
        fail(health, failure, 1.0)
        health.heard(begun(health), 1.0)
    assert health.state == "serving"
    for _ in range(3):
        fail(health, failure, 2.0)
    assert (health.state, health.reason) == ("ejected", REASONS[failure])


def test_a_caller_in_a_hurry_ejects_nobody() -> None:
    """Who sends deadlines of a millisecond would otherwise take an answerer from all."""
    health = healthy()
    for _ in range(100):
        fail(health, "silent", 1.0, given_seconds=0.99)
    assert health.state == "serving"


def test_callers_who_leave_say_nothing() -> None:
    health = healthy()
    for _ in range(100):
        health.left(begun(health))
    assert health.state == "serving"


def test_who_asked_to_be_told_of_an_ejection_is_told_once() -> None:
    health, told = healthy(), []
    with health.telling(lambda: told.append("first")):
        with health.telling(lambda: told.append("gone")):
            pass
        fail(health, "refused", 1.0)
        assert told == ["first"]
    probe(health, None, 1.25)
    fail(health, "refused", 2.0)
    assert told == ["first"]


# ------------------------------------------------------------ probes


def test_what_answers_is_not_probed() -> None:
    health = healthy()
    assert health.probe_due_at() == pytest.approx(0.2)
    health.heard(begun(health), 10.0)
    assert health.probe_due_at() == pytest.approx(10.2)


def test_a_dead_one_is_ejected_within_a_second_without_a_question() -> None:
    health = healthy()
    health.heard(begun(health), 10.0)  # and dies right after
    probe(health, "refused", health.probe_due_at())
    assert health.state == "ejected"
    assert SETTINGS.probe_seconds < 1.0


def test_a_hung_one_is_ejected_within_a_second_without_a_question() -> None:
    health = healthy()
    health.heard(begun(health), 10.0)
    began = health.probe_due_at()
    probe(health, "silent", began, took=SETTINGS.probe_timeout_seconds)
    assert health.state == "ejected"
    assert began + SETTINGS.probe_timeout_seconds - 10.0 < 1.0


def test_a_busy_one_that_answers_meanwhile_is_not_hung() -> None:
    health = healthy()
    for second in range(1, 20):
        health.probe_begins(float(second))
        health.heard(begun(health), second + 0.1)
        health.probed("silent", second + 0.7)
    assert health.state == "serving"


def test_a_hiccup_of_the_network_or_its_names_ejects_nobody() -> None:
    health = healthy()
    probe(health, "unreachable", 1.0)
    fail(health, "unreachable", 1.1)
    probe(health, None, 2.0)
    assert health.state == "serving"


def test_one_that_says_it_is_not_ready_is_ejected_at_the_third_time() -> None:
    health = healthy()
    probe(health, "unready", 1.0)
    probe(health, "unready", 2.0)
    probe(health, None, 3.0)
    for second in (4.0, 5.0):
        probe(health, "unready", second)
    assert health.state == "serving"
    probe(health, "unready", 6.0)
    assert (health.state, health.reason) == ("ejected", "it is not ready")


# ------------------------------------------------------------ back again


def test_it_is_probed_ever_more_seldom_and_comes_back_when_ready() -> None:
    health, waits, now = ejected(now=5.0), [], 5.0
    for _ in range(6):
        waits.append(health.probe_due_at() - now)
        now = health.probe_due_at()
        probe(health, "refused", now)
    assert waits == pytest.approx([0.25, 0.5, 1.0, 2.0, 2.0, 2.0])
    probe(health, None, health.probe_due_at())
    assert (health.state, health.reason) == ("serving", "")
    assert health.begin() is not None


def test_silence_to_questions_is_cleared_by_a_question_only() -> None:
    """A server whose scorer hangs says that it is ready."""
    health = ejected(by="silent")
    probe(health, None, 0.25)
    assert health.state == "trial"
    assert health.probe_due_at() == NEVER
    trial = begun(health)
    assert health.begin() is None, "one at a time"
    health.heard(trial, 0.3)
    assert health.state == "serving"
    assert health.begin() is not None


def test_a_trial_that_fails_doubles_the_wait() -> None:
    health = ejected(by="silent")
    probe(health, None, 0.25)
    fail(health, "silent", 0.25, given_seconds=0.01)
    assert health.state == "ejected"
    assert health.probe_due_at() == pytest.approx(0.75)


def test_a_trial_that_nobody_waits_for_leaves_room_for_another() -> None:
    health = ejected(by="silent")
    probe(health, None, 0.25)
    health.left(begun(health))
    assert health.state == "trial"
    health.heard(begun(health), 0.5)
    assert health.state == "serving"


def test_a_late_reply_has_it_looked_at_at_once() -> None:
    health = healthy()
    old = begun(health)
    for _ in range(3):
        fail(health, "silent", 1.0)
    health.heard(old, 1.05)
    assert health.probe_due_at() <= 1.05
    assert health.state == "ejected", "a reply to an old question is no leave for new ones"


def test_what_flaps_is_forgiven_only_when_it_was_well_for_long() -> None:
    health = ejected(now=0.0)
    probe(health, None, 0.25)
    fail(health, "refused", 1.0)
    assert health.probe_due_at() == pytest.approx(1.5), "twice the wait"
    probe(health, None, 1.5)
    fail(health, "refused", 1.5 + SETTINGS.eject_forgiven_seconds)
    wait = health.probe_due_at() - 1.5 - SETTINGS.eject_forgiven_seconds
    assert wait == pytest.approx(0.25)
    assert health.stats().ejections_total == 3


moves = st.lists(
    st.tuples(
        st.sampled_from(["heard", "unheard", "left", "probe"]),
        st.sampled_from([None, "refused", "unreachable", "broken", "silent", "unready"]),
        st.floats(0.0, 3.0),
    ),
    max_size=60,
)


@given(moves=moves)
def test_whatever_happens_it_can_come_back(moves: list[tuple[str, Failure | None, float]]) -> None:
    """From every state that events lead to, a ready probe and an answer make it serve."""
    health, now, permits = healthy(), 0.0, []
    for move, failure, seconds in moves:
        now += seconds
        permits += [permit for permit in [health.begin()] if permit]
        if move == "probe":
            if health.probe_due_at() <= now:
                probe(health, failure, now)
        elif permits:
            permit = permits.pop()
            match move:
                case "heard":
                    health.heard(permit, now)
                case "unheard":
                    health.unheard(permit, failure or "silent", now, seconds)
                case "left":
                    health.left(permit)
        assert (health.state == "serving") == (not health.reason)
        due = health.probe_due_at()
        assert due <= now + SETTINGS.eject_longest_seconds or health.state == "trial"
    for permit in permits:
        health.left(permit)
    if health.state == "ejected":
        probe(health, None, max(now, health.probe_due_at()))
    health.heard(begun(health), now + 10.0)
    assert health.state == "serving"
