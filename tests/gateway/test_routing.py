"""How a question meets a version: slots, deadlines, fallback, ejection, shadow, the log."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from contracts.answers import AnswerReply
from contracts.errors import (
    AnswererAway,
    AnswererBroken,
    DeadlinePassed,
    ProctorError,
    QuestionNotScored,
)
from contracts.traffic import TrafficSplit
from gateway.fake_answerer import Fault
from gateway.plan import TrafficPlan
from gateway.posed import Posed
from gateway.routing import Router
from tests.gateway.people import TRACE, Scene, asks, backend, people, question, somebody
from tests.gateway.virtual_time import now, run

HALF = TrafficSplit(canary_ratio=0.5, salt="s")
STABLE_CALLER, CANARY_CALLER = somebody("stable", HALF), somebody("canary", HALF)
QUIET = {"probe_seconds": 50.0}  # no probe has a part in the scene


async def told(router: Router, asked: Any, number: int = 0) -> AnswerReply | ProctorError:
    try:
        return await router.answer(question(number), asked)
    except ProctorError as error:
        return error


# ------------------------------------------------------------ slots


def test_each_caller_meets_the_version_that_it_is_drawn_for() -> None:
    scene = Scene(HALF)

    async def ask() -> None:
        async with scene.open() as router:
            for caller, _ in zip(people(), range(50), strict=False):
                for number in range(2):
                    reply = await router.answer(question(number), asks(caller, fresh=True))
                    assert not reply.fallback

    run(ask())
    by_caller: dict[str, set[str]] = {}
    for record in scene.records():
        assert record.slot == record.assigned
        assert record.version == {"stable": "1", "canary": "2"}[record.slot]
        by_caller.setdefault(record.caller, set()).add(record.slot)
    assert all(len(slots) == 1 for slots in by_caller.values()), "sticky"
    assert {"stable"} in by_caller.values()
    assert {"canary"} in by_caller.values()


def test_a_canary_that_is_not_live_sends_its_callers_to_stable() -> None:
    scene = Scene(HALF)
    scene.plan.change(TrafficPlan(slots={"stable": backend("1")}, split=HALF))

    async def ask() -> AnswerReply:
        async with scene.open() as router:
            reply: AnswerReply = await router.answer(question(), asks(CANARY_CALLER))
            return reply

    reply = run(ask())
    assert (reply.version.version, reply.fallback) == ("1", False)
    assert [record.assigned for record in scene.records()] == ["stable"]


def test_a_new_plan_counts_from_the_next_question_on() -> None:
    scene = Scene(HALF)

    async def ask() -> list[str]:
        versions = []
        async with scene.open() as router:
            for slots in ({"stable": backend("1")}, {"stable": backend("3")}):
                scene.plan.change(TrafficPlan(slots=slots, split=HALF))
                reply = await router.answer(question(), asks(STABLE_CALLER))
                versions.append(reply.version.version)
        return versions

    assert run(ask()) == ["1", "3"]
    assert [record.cached for record in scene.records()] == [False, False]


def test_nobody_live_is_told_and_written_down() -> None:
    scene = Scene()
    scene.plan.change(TrafficPlan())

    async def ask() -> Any:
        async with scene.open() as router:
            return await told(router, asks(STABLE_CALLER))

    error = run(ask())
    assert isinstance(error, AnswererAway)
    assert "no version is live" in error.fact
    (record,) = scene.records()
    assert (record.outcome, record.problem, record.version) == ("failed", "answerer-away", None)


# ------------------------------------------------------------ fallback


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("fails", "answerer-broken"),
        ("not-json", "answerer-broken"),
        ("other-version", "answerer-broken"),
        ("wrong-sum", "answerer-broken"),
        ("overloaded", "answerer-away"),
        ("hangs", "deadline-passed"),
    ],
)
def test_a_bad_canary_costs_callers_nothing(fault: Fault, problem: str) -> None:
    scene = Scene(HALF, **QUIET)
    scene.canary.fault = fault

    async def ask() -> None:
        async with scene.open() as router:
            reply = await router.answer(question(), asks(CANARY_CALLER))
            assert (reply.version.version, reply.fallback) == ("1", True)
            reply = await router.answer(question(1), asks(STABLE_CALLER))
            assert not reply.fallback
            assert router.stats().fallbacks_total == 1
            assert router.stats().outcomes_total == {
                ("canary", "failed"): 1,
                ("stable", "answered"): 2,
            }

    run(ask())
    failed, instead, other = scene.records()
    assert (failed.slot, failed.assigned, failed.outcome) == ("canary", "canary", "failed")
    assert (failed.problem, failed.fallback, failed.version) == (problem, False, "2")
    assert (instead.slot, instead.assigned, instead.outcome) == ("stable", "canary", "answered")
    assert (instead.fallback, instead.version) == (True, "1")
    assert failed.request_id == instead.request_id
    assert (other.assigned, other.fallback) == ("stable", False)


def test_a_hung_canary_leaves_stable_half_of_the_deadline() -> None:
    scene = Scene(HALF, **QUIET)
    scene.canary.fault = "hangs"

    async def ask() -> float:
        async with scene.open() as router:
            begun = now()
            reply = await router.answer(question(), asks(CANARY_CALLER, seconds=10.0))
            assert reply.fallback
            return now() - begun

    assert run(ask()) == pytest.approx(5.0, abs=0.1)
    sent = [float(request.headers["x-deadline-seconds"]) for request in scene.hosts.seen]
    assert sent == pytest.approx([5.0, 5.0], abs=0.01), "what is left travels along"


@pytest.mark.parametrize(("ratio", "seconds"), [(0.2, 8.0), (0.9, 1.0), (0.0, 10.0)])
def test_the_share_that_is_kept_for_stable_can_be_set(ratio: float, seconds: float) -> None:
    scene = Scene(HALF, stable_reserve_ratio=ratio, **QUIET)
    scene.canary.fault = "hangs"

    async def ask() -> float:
        async with scene.open() as router:
            begun = now()
            await told(router, asks(CANARY_CALLER, seconds=10.0))
            return now() - begun

    assert run(ask()) == pytest.approx(seconds, abs=0.1)


def test_both_hung_cost_the_deadline_and_no_more() -> None:
    scene = Scene(HALF, **QUIET)
    scene.canary.fault = scene.stable.fault = "hangs"

    async def ask() -> tuple[Any, float]:
        async with scene.open() as router:
            begun = now()
            return await told(router, asks(CANARY_CALLER, seconds=4.0)), now() - begun

    error, took = run(ask())
    assert isinstance(error, DeadlinePassed)
    assert error.slot == "stable"
    assert took == pytest.approx(4.0, abs=0.01)


def test_what_the_canary_cannot_score_stable_is_asked() -> None:
    scene = Scene(HALF)
    scene.canary.longest_characters = 10

    async def ask() -> None:
        async with scene.open() as router:
            assert (await router.answer(question(), asks(CANARY_CALLER))).fallback
            scene.stable.longest_characters = 10
            error = await told(router, asks(CANARY_CALLER), number=1)
            assert isinstance(error, QuestionNotScored)
            assert not router.is_ejected("canary", backend("2"))

    run(ask())
    assert [record.outcome for record in scene.records()] == [
        "unscored",
        "answered",
        "unscored",
        "unscored",
    ]


@pytest.mark.parametrize("fault", ["fails", "hangs", "overloaded"])
def test_nothing_stands_in_for_stable(fault: Fault) -> None:
    """A version on trial is never given the world's questions."""
    scene = Scene(HALF)
    scene.stable.fault = fault

    async def ask() -> None:
        async with scene.open() as router:
            for number in range(10):
                error = await told(router, asks(STABLE_CALLER, seconds=2.0), number)
                assert isinstance(error, ProctorError)

    run(ask())
    assert scene.hosts.questions("2") == 0


# ------------------------------------------------------------ ejection


def test_a_dead_canary_is_not_asked_again_and_its_failure_counts() -> None:
    scene = Scene(HALF, **QUIET)
    scene.hosts.refused.add("v2")

    async def ask() -> None:
        async with scene.open() as router:
            for number in range(5):
                reply = await router.answer(question(number), asks(CANARY_CALLER))
                assert reply.fallback
            assert router.is_ejected("canary", backend("2"))
            await router.check_ready()

    run(ask())
    assert [request.url.host for request in scene.hosts.seen].count("v2") == 1
    failures = [record for record in scene.records() if record.slot == "canary"]
    assert [record.problem for record in failures] == ["answerer-away"] * 5


def test_a_hung_canary_costs_its_callers_their_wait_three_times_and_then_no_more() -> None:
    """Its server answers probes, its scorer does not."""
    scene = Scene(HALF)
    scene.canary.fault = "hangs"

    async def ask() -> list[float]:
        waits = []
        async with scene.open() as router:
            for number in range(5):
                begun = now()
                assert (await router.answer(question(number), asks(CANARY_CALLER))).fallback
                waits.append(now() - begun)
            assert router.stats().health["canary"].state == "ejected"
            scene.canary.fault = None
            await asyncio.sleep(3.0)
            assert not (await router.answer(question(9), asks(CANARY_CALLER))).fallback
        return waits

    assert run(ask()) == pytest.approx([5.0, 5.0, 5.0, 0.0, 0.0], abs=0.1)


def test_the_world_is_told_at_once_that_stable_is_away_and_that_it_is_back() -> None:
    scene = Scene(HALF)
    scene.hosts.refused.add("v1")

    async def ask() -> None:
        async with scene.open() as router:
            await asyncio.sleep(1.0)  # without a question
            with pytest.raises(AnswererAway, match="nothing listens there"):
                await router.check_ready()
            begun = now()
            error = await told(router, asks(STABLE_CALLER))
            assert isinstance(error, AnswererAway)
            assert now() == begun
            assert scene.hosts.seen == [], "nobody was asked"
            # The canary's own callers are answered all the while.
            assert (await router.answer(question(), asks(CANARY_CALLER))).version.version == "2"
            scene.hosts.refused.clear()
            await asyncio.sleep(2.1)
            await router.check_ready()
            assert (await router.answer(question(), asks(STABLE_CALLER))).version.version == "1"

    run(ask())


def test_a_canary_need_leave_nothing_for_a_stable_that_is_away() -> None:
    scene = Scene(HALF)
    scene.hosts.refused.add("v1")

    async def ask() -> str:
        async with scene.open() as router:
            await asyncio.sleep(1.0)
            await router.answer(question(), asks(CANARY_CALLER, seconds=10.0))
        return str(scene.hosts.seen[0].headers["x-deadline-seconds"])

    assert float(run(ask())) == pytest.approx(10.0)


def test_another_answerer_in_the_slot_begins_with_a_clean_slate() -> None:
    scene = Scene(HALF, **QUIET)
    scene.hosts.refused.add("v2")

    async def ask() -> None:
        async with scene.open() as router:
            assert (await router.answer(question(), asks(CANARY_CALLER))).fallback
            slots = {"stable": backend("1"), "canary": backend("3")}
            scene.plan.change(TrafficPlan(slots=slots, split=HALF))
            reply = await router.answer(question(), asks(CANARY_CALLER))
            assert (reply.version.version, reply.fallback) == ("3", False)

    run(ask())


def test_wrong_replies_eject_nobody() -> None:
    """Else one caller with a question that breaks it would take stable from all."""
    scene = Scene()
    scene.stable.fault = "fails"

    async def ask() -> None:
        async with scene.open() as router:
            for number in range(20):
                error = await told(router, asks(STABLE_CALLER), number)
                assert isinstance(error, AnswererBroken)
            scene.stable.fault = None
            await router.answer(question(99), asks(STABLE_CALLER))

    run(ask())


# ------------------------------------------------------------ what travels, what is written


def test_what_travels_to_the_answerer() -> None:
    scene = Scene()

    async def ask() -> None:
        async with scene.open() as router:
            await router.answer(question(), asks(STABLE_CALLER, seconds=2.5, trace_state="a=b"))

    run(ask())
    (request,) = scene.hosts.seen
    assert request.headers["x-request-id"] == "r-1"
    assert request.headers["traceparent"] == TRACE.header
    assert request.headers["tracestate"] == "a=b"
    assert request.headers["x-deadline-seconds"] == "2.500"


def test_what_is_written_of_an_answer() -> None:
    scene = Scene(TrafficSplit(salt="s.1"))

    async def ask() -> AnswerReply:
        async with scene.open() as router:
            asked = asks(STABLE_CALLER, item=3)
            reply: AnswerReply = await router.answer(question(), asked)
            assert asked.notes.slot == "stable"
            return reply

    reply = run(ask())
    (record,) = scene.records()
    assert (record.request_id, record.item, record.role) == ("r-1", 3, "live")
    assert (record.key_id, record.caller_source) == ("app", "header")
    assert record.caller == STABLE_CALLER.hashed
    assert (record.letter, record.confidence) == (reply.letter, reply.confidence)
    assert record.probabilities == tuple(reply.probabilities[x] for x in "ABCD")
    assert record.digest == reply.version.digest
    assert (record.question, record.question_digest) == (
        question(),
        Posed.of(question()).digest,
    )
    assert record.latency_seconds == pytest.approx(0.01, abs=0.001)
    assert (record.salt, record.trace_id) == ("s.1", TRACE.trace_id)


def test_a_caller_that_leaves_is_counted_and_its_question_ended() -> None:
    scene = Scene(HALF, **QUIET)
    scene.canary.fault = "hangs"

    async def ask() -> None:
        async with scene.open() as router:
            asking = asyncio.create_task(router.answer(question(), asks(CANARY_CALLER)))
            await asyncio.sleep(1.0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await asyncio.sleep(0)
            assert router.stats().left_total == 1
            others = asyncio.all_tasks() - {asyncio.current_task()}
            assert len(others) == 1, "only the looking after answerers goes on"

    run(ask())
    assert scene.records() == []


# ------------------------------------------------------------ shadow


@pytest.mark.parametrize(
    ("split", "caller", "live", "shadow"),
    [
        (TrafficSplit(shadow="canary"), STABLE_CALLER, "stable", "canary"),
        (
            TrafficSplit(canary_ratio=0.5, salt="s", shadow="stable"),
            CANARY_CALLER,
            "canary",
            "stable",
        ),
    ],
)
def test_the_shadow_hears_what_the_caller_was_answered(
    split: TrafficSplit, caller: Any, live: str, shadow: str
) -> None:
    scene = Scene(split)

    async def ask() -> None:
        async with scene.open() as router:
            await router.answer(question(), asks(caller, item=5))
            assert len(scene.records()) == 1, "the caller does not wait for it"
            await asyncio.sleep(1.0)
            assert router.stats().shadow.asked_total == 1
            assert router.stats().outcomes_total == {(live, "answered"): 1}

    run(ask())
    (pair,) = scene.log.pairs()
    assert (pair.live.record.slot, pair.shadow.record.slot) == (live, shadow)
    assert pair.live.record.item == pair.shadow.record.item == 5
    assert pair.latency_comparable


def test_who_was_asked_already_hears_no_copy() -> None:
    scene = Scene(HALF.model_copy(update={"shadow": "canary"}))
    scene.canary.fault = "fails"

    async def ask() -> None:
        async with scene.open() as router:
            assert (await router.answer(question(), asks(CANARY_CALLER))).fallback
            await asyncio.sleep(1.0)

    run(ask())
    assert scene.hosts.questions("2") == 1
    assert {record.role for record in scene.records()} == {"live"}


@pytest.mark.parametrize("fault", ["fails", "hangs"])
def test_a_bad_shadow_is_written_down_and_reaches_no_caller(fault: Fault) -> None:
    scene = Scene(TrafficSplit(shadow="canary"), shadow_seconds=3.0, **QUIET)
    scene.canary.fault = fault

    async def ask() -> None:
        async with scene.open() as router:
            begun = now()
            await router.answer(question(), asks(STABLE_CALLER))
            assert now() - begun < 0.1
            await asyncio.sleep(5.0)

    run(ask())
    live, shadow = scene.records()
    assert (live.role, live.outcome) == ("live", "answered")
    assert (shadow.role, shadow.outcome, shadow.slot) == ("shadow", "failed", "canary")


def test_a_slow_shadow_drops_copies_and_delays_nobody() -> None:
    scene = Scene(TrafficSplit(shadow="canary"), shadow_under_way=2, shadow_drain_seconds=1.0)
    scene.canary.fault = "hangs"

    async def ask() -> None:
        async with scene.open() as router:
            for number in range(10):
                await router.answer(question(number), asks(STABLE_CALLER))
            stats = router.stats().shadow
            assert (stats.asked_total, stats.dropped_total, stats.under_way) == (2, 8, 2)
            begun = now()
        assert now() - begun == pytest.approx(1.0, abs=0.05), "the end does not wait for it"

    run(ask())


# ------------------------------------------------------------ the cache


def test_the_same_question_is_scored_once_a_version() -> None:
    scene = Scene(HALF)

    async def ask() -> None:
        async with scene.open() as router:
            first = await router.answer(question(), asks(STABLE_CALLER))
            again = await router.answer(question(), asks(STABLE_CALLER, request_id="r-2"))
            assert (first.cached, again.cached, again.request_id) == (False, True, "r-2")
            assert again.probabilities == first.probabilities
            other = await router.answer(question(), asks(CANARY_CALLER))
            assert (other.cached, other.version.version) == (False, "2")
            fresh = await router.answer(question(), asks(STABLE_CALLER, fresh=True))
            assert not fresh.cached
            stats = router.stats().cache
            assert (stats.hits_total, stats.misses_total, stats.entries) == (1, 2, 2)

    run(ask())
    assert (scene.hosts.questions("1"), scene.hosts.questions("2")) == (2, 1)
    assert [record.cached for record in scene.records()] == [False, True, False, False]


def test_who_asks_the_same_at_once_shares_one_call() -> None:
    scene = Scene()

    async def ask() -> None:
        async with scene.open() as router:
            replies = await asyncio.gather(
                *(router.answer(question(), asks(STABLE_CALLER)) for _ in range(20))
            )
            assert sorted(reply.cached for reply in replies) == [False] + [True] * 19
            assert router.stats().cache.joined_total == 19

    run(ask())
    assert scene.hosts.questions("1") == 1
    assert len(scene.records()) == 20


def test_who_began_a_shared_call_may_leave() -> None:
    scene = Scene()

    async def ask() -> None:
        async with scene.open() as router:
            first = asyncio.create_task(router.answer(question(), asks(STABLE_CALLER)))
            await asyncio.sleep(0)
            second = asyncio.create_task(router.answer(question(), asks(STABLE_CALLER)))
            await asyncio.sleep(0.005)
            first.cancel()
            assert (await second).letter

    run(ask())
    assert scene.hosts.questions("1") == 1


def test_a_shared_call_that_gives_up_early_is_no_verdict_on_who_has_time() -> None:
    scene = Scene(**QUIET)
    scene.stable.fault = "hangs"

    async def ask() -> None:
        async with scene.open() as router:
            hurried = asyncio.create_task(told(router, asks(STABLE_CALLER, seconds=1.0)))
            await asyncio.sleep(0.5)
            patient = asyncio.create_task(told(router, asks(STABLE_CALLER, seconds=5.0)))
            assert isinstance(await hurried, DeadlinePassed)
            scene.stable.fault = None
            reply = await patient
            assert isinstance(reply, AnswerReply)

    run(ask())


def test_who_has_less_time_than_the_call_that_it_joined_is_told_in_its_own() -> None:
    scene = Scene(**QUIET)
    scene.stable.fault = "hangs"

    async def ask() -> None:
        async with scene.open() as router:
            patient = asyncio.create_task(told(router, asks(STABLE_CALLER, seconds=5.0)))
            await asyncio.sleep(0.5)
            begun = now()
            assert isinstance(await told(router, asks(STABLE_CALLER, seconds=1.0)), DeadlinePassed)
            assert now() - begun == pytest.approx(1.0)
            await patient

    run(ask())


def test_failures_are_not_kept() -> None:
    scene = Scene()
    scene.stable.fault = "fails"

    async def ask() -> None:
        async with scene.open() as router:
            assert isinstance(await told(router, asks(STABLE_CALLER)), AnswererBroken)
            scene.stable.fault = None
            assert not (await router.answer(question(), asks(STABLE_CALLER))).cached

    run(ask())


def test_the_question_goes_out_as_it_is_hashed() -> None:
    scene = Scene()

    async def ask() -> None:
        async with scene.open() as router:
            await router.answer(question(code="print('\u00e9\u2028')"), asks(STABLE_CALLER))

    run(ask())
    sent = json.loads(scene.hosts.seen[0].content)
    assert sent["code"] == "print('\u00e9\u2028')"
