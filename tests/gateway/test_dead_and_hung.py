"""Answerers as processes that die, hang and come back: found out within a second."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from answerlog.memory import MemoryLog
from contracts.errors import AnswererAway, DeadlinePassed
from contracts.traffic import TrafficSplit
from gateway.plan import Backend, FixedPlan, TrafficPlan
from gateway.routing import Router
from gateway.wire import PooledWire
from tests.gateway.people import asks, backend, question, somebody
from tests.gateway.served_fakes import ServedFake, launch_fake, served_fake

pytestmark = pytest.mark.integration

HALF = TrafficSplit(canary_ratio=0.5, salt="s")
STABLE_CALLER, CANARY_CALLER = somebody("stable", HALF), somebody("canary", HALF)


@pytest.fixture(scope="module")
def stable() -> Iterator[ServedFake]:
    with served_fake("1") as served:
        yield served


@pytest.fixture
def canary() -> Iterator[ServedFake]:
    with served_fake("2") as served:
        yield served


@asynccontextmanager
async def routing(stable: ServedFake, canary: ServedFake) -> AsyncIterator[tuple[Router, Backend]]:
    on_trial = backend("2", canary.url)
    slots = {"stable": backend("1", stable.url), "canary": on_trial}
    router = Router(
        FixedPlan(TrafficPlan(slots=slots, split=HALF)),
        PooledWire(connect_seconds=1.0, most_connections=10),
        MemoryLog(),
        clock=time.monotonic,
    )
    router.start()
    try:
        yield router, on_trial
    finally:
        await router.close()


async def until(condition: Callable[[], bool], seconds: float) -> float:
    """How long it took."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what another process does sets no event
            await asyncio.sleep(0.01)
    return time.monotonic() - begun


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "hung"])
def test_it_is_ejected_within_a_second_and_comes_back(
    stable: ServedFake, canary: ServedFake, how: signal.Signals
) -> None:
    async def scene() -> None:
        async with routing(stable, canary) as (router, on_trial):
            for number in range(5):
                reply = await router.answer(question(number), asks(CANARY_CALLER))
                assert not reply.fallback
            canary.process.send_signal(how)
            # Nobody asks: the probes find out.
            took = await until(lambda: router.is_ejected("canary", on_trial), 10.0)
            assert took < 1.0
            begun = time.monotonic()
            reply = await router.answer(question(9), asks(CANARY_CALLER))
            assert (reply.fallback, reply.version.version) == (True, "1")
            assert time.monotonic() - begun < 0.5
            if how == signal.SIGSTOP:
                canary.process.send_signal(signal.SIGCONT)
                again = canary
            else:
                canary.process.wait()
                again = await asyncio.to_thread(launch_fake, "2", canary.port)
            try:
                await until(lambda: not router.is_ejected("canary", on_trial), 10.0)
                reply = await router.answer(question(10), asks(CANARY_CALLER))
                assert (reply.fallback, reply.version.version) == (False, "2")
            finally:
                again.process.kill()
                again.process.wait()

    asyncio.run(scene())


def test_questions_under_way_when_it_hangs_are_answered_by_stable_in_time(
    stable: ServedFake, canary: ServedFake
) -> None:
    """They do not wait for the canary's half of the deadline, which is 15 s here."""

    async def scene() -> None:
        async with routing(stable, canary) as (router, _):
            canary.process.send_signal(signal.SIGSTOP)
            begun = time.monotonic()
            replies = await asyncio.gather(
                *(router.answer(question(number), asks(CANARY_CALLER, 30.0)) for number in range(8))
            )
            assert time.monotonic() - begun < 2.0
            assert all(reply.fallback for reply in replies)

    asyncio.run(scene())


def test_a_hung_stable_is_told_at_once_and_readiness_follows(canary: ServedFake) -> None:
    async def scene(stable: ServedFake) -> None:
        async with routing(stable, canary) as (router, _):
            await router.check_ready()
            stable.process.send_signal(signal.SIGSTOP)
            with pytest.raises((AnswererAway, DeadlinePassed)):
                await router.answer(question(), asks(STABLE_CALLER, 1.5))
            begun = time.monotonic()
            with pytest.raises(AnswererAway, match="does not reply"):
                await router.answer(question(1), asks(STABLE_CALLER))
            with pytest.raises(AnswererAway, match="does not reply"):
                await router.check_ready()
            assert time.monotonic() - begun < 0.5
            stable.process.send_signal(signal.SIGCONT)

    with served_fake("1") as mine:
        asyncio.run(scene(mine))
