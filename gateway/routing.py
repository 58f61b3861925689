"""How a question meets a version: the slot, its time, what stands in for it, what is noted.

A caller's slot is drawn (``gateway.cohorts``). The stable slot gets the whole deadline; the
canary gets all but ``stable_reserve_ratio`` of it, so that stable can still answer when the
canary hangs, fails, or cannot score the question. Such an answer is marked ``fallback``, and
the canary's failure stands in the log beside it, also when it was ejected and not asked.
Nothing stands in for stable: a version on trial is never given the world's questions because
stable is in need.

Where there is a shadow it is asked the same once the caller has its answer, unless it was
asked already. Every outcome becomes a line of the answer log; that a caller left becomes a
count.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.answers import Answer, AnswerReply, AnswerRequest
from contracts.errors import AnswererAway, ProctorError
from contracts.times import utc_now
from contracts.traffic import CANARY, STABLE, Slot
from gateway.asked import Asked
from gateway.asking import AnswererClient
from gateway.cache import AnswerCache, CacheStats
from gateway.cohorts import slot_for
from gateway.deadlines import Clock, Deadline
from gateway.health import REASONS, HealthStats
from gateway.lines import Turn, line_of
from gateway.once import AskOnce, Outcome, Target
from gateway.plan import Backend, PlanSource, TrafficPlan
from gateway.posed import Posed
from gateway.recording import Recorder
from gateway.routing_settings import RoutingSettings
from gateway.shadow import Shadows, ShadowStats
from gateway.spans import Spans
from gateway.watch import Watch
from gateway.wire import Wire

NOT_LIVE = "no version is live"


@dataclass(frozen=True)
class RoutingStats:
    """Since the start, and now. ``outcomes_total`` counts live lines of the answer log by
    slot and outcome, ``fallbacks_total`` the answers that stable gave in the canary's place,
    ``retries_total`` connections that broke and were tried again, ``left_total`` questions
    whose caller did not wait."""

    outcomes_total: dict[tuple[Slot, str], int]
    fallbacks_total: int
    retries_total: int
    left_total: int
    cache: CacheStats
    shadow: ShadowStats
    health: dict[Slot, HealthStats]


class Router:
    """Answers questions by the plan. ``start`` it in the loop that it is to run in, and
    ``close`` it there: it closes ``wire``, too. ``now`` is the wall clock, for the log."""

    def __init__(
        self,
        plans: PlanSource,
        wire: Wire,
        recorder: Recorder,
        *,
        settings: RoutingSettings | None = None,
        spans: Spans | None = None,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings or RoutingSettings()
        self._plans = plans
        self._recorder = recorder
        self._clock = clock
        self._now = now
        self._answerers = AnswererClient(
            wire, spans or Spans(), probe_timeout_seconds=self._settings.probe_timeout_seconds
        )
        self._watch = Watch(self._known_plan, self._answerers.probe, self._settings, clock)
        self._cache = AnswerCache(
            most_entries=self._settings.cache_entries, most_bytes=self._settings.cache_bytes
        )
        self._once = AskOnce(self._answerers, self._cache)
        self._shadows = Shadows(self._settings.shadow_under_way)
        self._seen: TrafficPlan | None = None
        self._outcomes: dict[tuple[Slot, str], int] = {}
        self._fallbacks = 0
        self._left = 0

    def start(self) -> None:
        self._watch.start()

    async def close(self) -> None:
        """Wait for copies under way, for ``shadow_drain_seconds`` at most, and end everything."""
        await self._watch.close()
        await self._shadows.close(self._settings.shadow_drain_seconds)
        await self._answerers.close()

    def stats(self) -> RoutingStats:
        return RoutingStats(
            outcomes_total=dict(self._outcomes),
            fallbacks_total=self._fallbacks,
            retries_total=self._answerers.retries_total,
            left_total=self._left,
            cache=self._cache.stats(),
            shadow=self._shadows.stats(),
            health=self._watch.stats(),
        )

    # ------------------------------------------------------------ the plan

    def _plan(self) -> TrafficPlan:
        """The plan in force. Raises ``AnswererAway`` when none was ever known."""
        plan = self._plans.current()
        if plan is not self._seen:
            self._cache.keep_only({backend.version for backend in plan.slots.values()})
            self._seen = plan
        return plan

    def _known_plan(self) -> TrafficPlan | None:
        try:
            return self._plan()
        except AnswererAway:
            return None

    def is_ejected(self, slot: Slot, backend: Backend) -> bool:
        """Whether questions for ``slot`` go elsewhere, or are refused, just now."""
        return not self._watch.of(slot, backend).admits()

    async def check_ready(self) -> None:
        """Raises ``AnswererAway`` unless a question would be answered now: stable is live, is
        not ejected, and says itself that it is ready."""
        backend = self._plan().slots.get(STABLE)
        if backend is None:
            raise AnswererAway(STABLE, NOT_LIVE)
        health = self._watch.of(STABLE, backend)
        if not health.admits():
            raise AnswererAway(STABLE, health.reason)
        if (failure := await self._answerers.probe(backend)) is not None:
            raise AnswererAway(STABLE, REASONS[failure])

    # ------------------------------------------------------------ answering

    async def answer(self, question: AnswerRequest, asked: Asked) -> AnswerReply:
        """Raises ``AnswererAway``, ``AnswererBroken``, ``DeadlinePassed``, or
        ``QuestionNotScored`` when the version cannot score it."""
        (reply,) = await self.answer_each([Posed.of(question, asked.item)], asked)
        if isinstance(reply, ProctorError):
            raise reply
        return reply

    async def answer_each(
        self, questions: Sequence[Posed], asked: Asked
    ) -> list[AnswerReply | ProctorError]:
        """A reply for each question, or why there is none; in one call to each slot."""
        try:
            return await self._answer_each(questions, asked)
        except asyncio.CancelledError:
            self._left += len(questions)
            raise

    async def _answer_each(
        self, questions: Sequence[Posed], asked: Asked
    ) -> list[AnswerReply | ProctorError]:
        plan = self._plan()
        assigned = slot_for(plan.split, asked.caller.hashed)
        if assigned not in plan.slots:
            assigned = STABLE
        first = Turn(assigned, assigned, "live", plan, asked)
        outcomes = await self._take_turn(first, questions)
        replies = {
            posed.item: self._reply(first, outcome)
            for posed, outcome in zip(questions, outcomes, strict=True)
        }
        turns = [first]
        failed = [posed for posed in questions if isinstance(replies[posed.item], ProctorError)]
        if assigned == CANARY and failed and STABLE in plan.slots:
            second = Turn(STABLE, assigned, "live", plan, asked, fallback=True)
            outcomes = await self._take_turn(second, failed)
            for posed, outcome in zip(failed, outcomes, strict=True):
                replies[posed.item] = self._reply(second, outcome)
            turns.append(second)
        self._copy_to_shadow(turns, questions)
        return [replies[posed.item] for posed in questions]

    async def _take_turn(self, turn: Turn, questions: Sequence[Posed]) -> list[Outcome]:
        """Let a slot answer ``questions``, and write down what became of them."""
        backend = turn.plan.slots.get(turn.slot)
        if backend is None:
            outcomes = [Outcome(AnswererAway(turn.slot, NOT_LIVE), 0.0)] * len(questions)
        else:
            health = self._watch.of(turn.slot, backend)
            target = Target(turn.slot, backend, health, self._deadline(turn))
            outcomes = await self._once.ask(target, questions, turn.asked)
        for posed, outcome in zip(questions, outcomes, strict=True):
            self._write_down(turn, posed, outcome)
        return outcomes

    def _deadline(self, turn: Turn) -> Deadline:
        """Until when a slot may take. The canary leaves stable its share, if stable can use
        it."""
        deadline, stable = turn.asked.deadline, turn.plan.slots.get(STABLE)
        if turn.slot != CANARY or turn.role == "shadow" or stable is None:
            return deadline
        if not self._watch.of(STABLE, stable).admits():
            return deadline
        return deadline.share(1.0 - self._settings.stable_reserve_ratio)

    def _reply(self, turn: Turn, outcome: Outcome) -> AnswerReply | ProctorError:
        told = outcome.told
        if not isinstance(told, Answer):
            return told
        turn.asked.notes.slot = turn.slot
        self._fallbacks += turn.fallback
        # Every field was checked when the answer was.
        return AnswerReply.model_construct(
            letter=told.letter,
            probabilities=told.probabilities,
            confidence=told.confidence,
            version=told.version,
            request_id=turn.asked.request_id,
            cached=outcome.cached,
            fallback=turn.fallback,
        )

    # ------------------------------------------------------------ explanations

    def turns_to_explain(self, asked: Asked) -> list[Turn]:
        """The slots that may explain, one after the other: the caller's, and stable in the
        canary's place. Raises ``AnswererAway`` when no plan was ever known."""
        plan = self._plan()
        assigned = slot_for(plan.split, asked.caller.hashed)
        if assigned not in plan.slots:
            assigned = STABLE
        turns = [Turn(assigned, assigned, "live", plan, asked)]
        if assigned == CANARY and STABLE in plan.slots:
            turns.append(Turn(STABLE, assigned, "live", plan, asked, fallback=True))
        return turns

    def explainer(self, turn: Turn) -> Backend:
        """Who answers in the turn's slot. Raises ``AnswererAway`` where nobody does, or it is
        ejected."""
        backend = turn.plan.slots.get(turn.slot)
        if backend is None:
            raise AnswererAway(turn.slot, NOT_LIVE)
        health = self._watch.of(turn.slot, backend)
        if not health.admits():
            raise AnswererAway(turn.slot, health.reason)
        return backend

    def explained(self, turn: Turn, posed: Posed, outcome: Outcome) -> None:
        """Write down the answer that an explanation began with, or why there was none."""
        self._write_down(turn, posed, outcome, explained=True)

    # ------------------------------------------------------------ the shadow

    def _copy_to_shadow(self, turns: Sequence[Turn], questions: Sequence[Posed]) -> None:
        first = turns[0]
        shadow = first.plan.split.shadow
        if shadow is None or shadow not in first.plan.slots:
            return
        if any(turn.slot == shadow for turn in turns) or not self._shadows.has_room(len(questions)):
            return
        deadline = Deadline.after(self._settings.shadow_seconds, self._clock)
        asked = replace(first.asked, deadline=deadline)
        turn = replace(first, slot=shadow, role="shadow", asked=asked)
        self._shadows.start(len(questions), self._ask_shadow(turn, questions))

    async def _ask_shadow(self, turn: Turn, questions: Sequence[Posed]) -> None:
        await self._take_turn(turn, questions)

    # ------------------------------------------------------------ the log

    def _write_down(
        self, turn: Turn, posed: Posed, outcome: Outcome, *, explained: bool = False
    ) -> None:
        line = line_of(turn, posed, outcome, self._now(), explained=explained)
        if turn.role == "live":
            key = turn.slot, line.outcome
            self._outcomes[key] = self._outcomes.get(key, 0) + 1
        self._recorder.record(line)
