"""Batches form while the model is busy; nobody waits otherwise, and nothing is scored in vain.

The scorer is a gate that the test opens, the clock a number that the test sets.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import pytest

from bentos.batching import Batcher
from contracts.errors import Overloaded, ProctorError, ScoredTooLate


class Model:
    """Scores by doubling. Each pass begins when it is called and ends when it is let; ``passes``
    are those that began."""

    def __init__(self) -> None:
        self.passes: list[list[int]] = []
        self.threads: set[str] = set()
        self.began = threading.Semaphore(0)
        self._may_end = threading.Semaphore(0)
        self.breaks_on: set[int] = set()

    def score(self, batch: Sequence[int]) -> list[int]:
        self.passes.append(list(batch))
        self.threads.add(threading.current_thread().name)
        self.began.release()
        assert self._may_end.acquire(timeout=20)
        if self.breaks_on & set(batch):
            raise ValueError(f"broke on {sorted(self.breaks_on & set(batch))}")
        return [2 * number for number in batch]

    def let(self, passes: int = 1) -> None:
        self._may_end.release(passes)

    async def busy(self) -> None:
        """Until a pass has begun."""
        assert await asyncio.to_thread(self.began.acquire, timeout=20)


class Heard:
    """What a watcher hears."""

    def __init__(self) -> None:
        self.most_waited = 0
        self.passes: list[tuple[int, int, float]] = []
        self.reasons: list[str] = []

    def waits(self, questions: int) -> None:
        self.most_waited = max(self.most_waited, questions)

    def scored(self, questions: int, tokens: int, seconds: float) -> None:
        self.passes.append((questions, tokens, seconds))

    def dropped(self, reason: str) -> None:
        self.reasons.append(reason)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def at_most(tokens: int) -> Callable[[Sequence[int]], list[int]]:
    """First come, first served, up to so many of the works' own size."""

    def choose(waiting: Sequence[int]) -> list[int]:
        chosen, total = [0], waiting[0]
        for place, size in enumerate(waiting[1:], start=1):
            if total + size > tokens:
                break
            chosen.append(place)
            total += size
        return chosen

    return choose


class Bench:
    """A batcher over a gated model."""

    def __init__(self, *, most_waiting: int = 100, tokens: int = 100) -> None:
        self.model, self.clock, self.heard = Model(), Clock(), Heard()
        self.batcher = Batcher[int, int](
            self.model.score,
            at_most(tokens),
            most_waiting=most_waiting,
            clock=self.clock,
            watcher=self.heard,
        )

    def ask(self, work: int, ends_at: float = math.inf) -> asyncio.Task[int]:
        return asyncio.create_task(self.batcher.submit(work, tokens=work, ends_at=ends_at))

    async def asked_while_busy(self, *works: int, **given: Any) -> list[asyncio.Task[int]]:
        """One pass of 1 is under way, ``works`` wait."""
        first = self.ask(1)
        await self.model.busy()
        waiting = [self.ask(work, **given) for work in works]
        await settle()
        return [first, *waiting]


async def settle() -> None:
    """Let every task of the loop that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


def run(test: Callable[[Bench], Coroutine[Any, Any, None]], **given: Any) -> None:
    async def whole() -> None:
        bench = Bench(**given)
        try:
            await test(bench)
        finally:
            bench.model.let(1_000)
            await bench.batcher.end()

    asyncio.run(whole())


def test_a_lone_question_does_not_wait() -> None:
    async def test(bench: Bench) -> None:
        asked = bench.ask(7)
        await bench.model.busy()
        bench.model.let()
        assert await asked == 14
        assert bench.model.passes == [[7]]

    run(test)


def test_what_came_while_the_model_was_busy_goes_together_up_to_the_budget() -> None:
    async def test(bench: Bench) -> None:
        asked = await bench.asked_while_busy(40, 30, 20, 50, 10)
        bench.model.let(1_000)
        assert await asyncio.gather(*asked) == [2, 80, 60, 40, 100, 20]
        assert bench.model.passes == [[1], [40, 30, 20], [50, 10]]
        assert bench.heard.passes == [(1, 1, 0.0), (3, 90, 0.0), (2, 60, 0.0)]
        assert bench.heard.most_waited == 5

    run(test)


def test_the_oldest_is_first_even_when_it_is_too_large() -> None:
    async def test(bench: Bench) -> None:
        asked = await bench.asked_while_busy(500, 10)
        bench.model.let(1_000)
        await asyncio.gather(*asked)
        assert bench.model.passes == [[1], [500], [10]]

    run(test)


def test_one_thread_scores() -> None:
    async def test(bench: Bench) -> None:
        asked = await bench.asked_while_busy(60, 60, 60)
        seen: list[str] = []
        deed = asyncio.create_task(
            bench.batcher.exclusively(lambda: seen.append(threading.current_thread().name))
        )
        await settle()
        assert not deed.done(), "it must wait for the pass that is under way"
        bench.model.let(1_000)
        await asyncio.gather(*asked, deed)
        assert bench.model.threads == set(seen)
        assert len(seen) == 1

    run(test)


def test_what_is_given_up_is_not_scored() -> None:
    async def test(bench: Bench) -> None:
        asked = await bench.asked_while_busy(10, 20, 30)
        asked[2].cancel()
        await settle()
        bench.model.let(1_000)
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in done] == [int, int, asyncio.CancelledError, int]
        assert bench.model.passes == [[1], [10, 30]]
        assert bench.heard.reasons == ["cancelled"]

    run(test)


def test_what_is_given_up_at_the_last_moment_is_not_scored_either() -> None:
    """Its future is cancelled, and its task has not come round to taking it out."""

    async def test(bench: Bench) -> None:
        asked = await bench.asked_while_busy(10, 20)
        asked[1].cancel()
        bench.batcher._drop()
        assert [entry.work for entry in bench.batcher._waiting] == [20]
        bench.model.let(1_000)
        await asyncio.gather(*asked, return_exceptions=True)
        assert bench.model.passes == [[1], [20]]
        assert bench.heard.reasons == ["cancelled"]

    run(test)


def test_given_up_under_way_it_harms_nobody() -> None:
    async def test(bench: Bench) -> None:
        asked = await bench.asked_while_busy(10, 20)
        bench.model.let()
        await bench.model.busy()
        asked[1].cancel()
        bench.model.let(1_000)
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert done[2] == 40
        assert isinstance(done[1], asyncio.CancelledError)

    run(test)


def test_a_passed_deadline_is_told_and_not_scored() -> None:
    async def test(bench: Bench) -> None:
        in_time = await bench.asked_while_busy(10)
        late = [bench.ask(20, ends_at=bench.clock.now + 2.0)]
        await settle()
        bench.clock.now += 2.0
        bench.model.let(1_000)
        done = await asyncio.gather(*in_time, *late, return_exceptions=True)
        assert done[:2] == [2, 20]
        assert isinstance(done[2], ScoredTooLate)
        assert done[2].waited_seconds == 2.0
        assert bench.model.passes == [[1], [10]]
        assert bench.heard.reasons == ["late"]

    run(test)


async def refusal(asked: Awaitable[int]) -> ProctorError:
    with pytest.raises(ProctorError) as caught:
        await asked
    return caught.value


def test_a_deadline_that_is_over_on_arrival_is_told_at_once() -> None:
    async def test(bench: Bench) -> None:
        assert isinstance(await refusal(bench.ask(1, ends_at=bench.clock.now)), ScoredTooLate)
        assert bench.model.passes == []

    run(test)


def test_a_full_queue_refuses_and_the_rest_is_answered() -> None:
    async def test(bench: Bench) -> None:
        asked = await bench.asked_while_busy(10, 20)
        refused = await refusal(bench.ask(30))
        assert isinstance(refused, Overloaded)
        assert "2 questions wait here already" in str(refused)
        assert refused.retry_after_seconds >= 1
        bench.model.let(1_000)
        assert await asyncio.gather(*asked) == [2, 20, 40]
        assert bench.heard.reasons == ["refused"]
        assert await bench.ask(30) == 60, "there is room again"

    run(test, most_waiting=2)


def test_what_would_not_be_reached_in_time_is_refused() -> None:
    """10 tokens a second were scored; 90 wait."""

    async def test(bench: Bench) -> None:
        first = bench.ask(20)
        await bench.model.busy()
        bench.clock.now += 2.0
        bench.model.let()
        await first
        await settle()
        assert bench.batcher.seconds_to_wait == 0.0
        asked = await bench.asked_while_busy(60, 30)
        assert bench.batcher.seconds_to_wait == pytest.approx(9.0)
        refused = await refusal(bench.ask(1, ends_at=bench.clock.now + 8.9))
        assert isinstance(refused, Overloaded)
        assert refused.retry_after_seconds == pytest.approx(9.0)
        in_time = bench.ask(1, ends_at=bench.clock.now + 9.1)
        await settle()
        bench.model.let(1_000)
        assert await asyncio.gather(*asked, in_time) == [2, 120, 60, 2]

    run(test)


def test_what_one_breaks_on_is_no_others_fault() -> None:
    async def test(bench: Bench) -> None:
        bench.model.breaks_on = {20}
        asked = await bench.asked_while_busy(10, 20, 30)
        bench.model.let(1_000)
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert [done[0], done[1], done[3]] == [2, 20, 60]
        assert isinstance(done[2], ValueError)
        assert bench.model.passes == [[1], [10, 20, 30], [10], [20], [30]]
        assert await bench.ask(5) == 10, "and the batcher goes on"

    run(test)


def test_a_fault_of_the_choice_leaves_nobody_waiting() -> None:
    async def test(bench: Bench) -> None:
        def broken(waiting: Sequence[int]) -> list[int]:
            raise RuntimeError("no choice")

        asked = await bench.asked_while_busy(10, 20)
        bench.batcher._choose = broken
        bench.model.let(1_000)
        done = await asyncio.gather(*asked, return_exceptions=True)
        assert done[0] == 2
        assert [str(one) for one in done[1:]] == ["no choice", "no choice"]

    run(test)


def test_the_end_answers_what_waits_and_takes_nothing_more() -> None:
    async def test(bench: Bench) -> None:
        asked = await bench.asked_while_busy(60, 60)
        ending = asyncio.create_task(bench.batcher.end())
        await settle()
        refused = await refusal(bench.ask(1))
        assert isinstance(refused, Overloaded)
        assert not ending.done()
        bench.model.let(1_000)
        assert await asyncio.gather(*asked) == [2, 120, 120]
        await ending
        assert bench.model.passes == [[1], [60], [60]]

    run(test)


def test_it_is_idle_when_nothing_is_scored_and_nothing_waits() -> None:
    async def test(bench: Bench) -> None:
        await bench.batcher.idle()  # at once
        # Two passes: the first, and the one that waits for it.
        asked = await bench.asked_while_busy(2)
        idle = asyncio.create_task(bench.batcher.idle())
        bench.model.let()
        await asked[0]
        await settle()
        assert not idle.done()
        bench.model.let()
        await asked[1]
        await asyncio.wait_for(idle, 20)

    run(test)
