"""Asks each question once: from the cache if it was answered, with others if it is under way.

``cached`` marks what cost no scoring of its own: found in the cache, or brought by a call that
somebody else had begun. A question that joined another's call and outlives that call's deadline
is asked again by itself, with what is left of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from contracts.answers import Answer
from contracts.errors import DeadlinePassed
from contracts.traffic import Slot
from gateway.asked import Asked
from gateway.asking import AnswererClient
from gateway.cache import AnswerCache, Key, key_of
from gateway.deadlines import Deadline
from gateway.flights import Flight, Flights
from gateway.health import Health
from gateway.plan import Backend
from gateway.posed import Posed
from gateway.replies import Told


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question in one slot. ``latency_seconds`` is how long its call took,
    or how long it waited for another's; 0 from the cache."""

    told: Told
    latency_seconds: float
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ask: what answers in a slot, how it does, and until when."""

    slot: Slot
    backend: Backend
    health: Health
    deadline: Deadline


class AskOnce:
    """One for a gateway: it knows all that is under way."""

    def __init__(self, answerers: AnswererClient, cache: AnswerCache) -> None:
        self._answerers = answerers
        self._cache = cache
        self._flights: Flights[Key, Outcome] = Flights()

    async def ask(self, target: Target, questions: Sequence[Posed], asked: Asked) -> list[Outcome]:
        """What became of each question. Past the cache when ``asked.fresh``."""
        if asked.fresh:
            return await self._call(target, questions, asked)
        version = target.backend.version
        keys = [key_of(version, posed.digest) for posed in questions]
        by_key = dict(zip(keys, questions, strict=True))
        found: dict[Key, Outcome] = {}
        lacking = [key for key in by_key if not self._find(key, found)]
        while lacking:
            again = await self._fetch(target, {key: by_key[key] for key in lacking}, asked, found)
            lacking = [key for key in again if not self._find(key, found)]
        return list(_each(keys, found))

    def _find(self, key: Key, found: dict[Key, Outcome]) -> bool:
        answer = self._cache.get(key)
        if answer is None:
            return False
        found[key] = Outcome(answer, 0.0, cached=True)
        return True

    async def _fetch(
        self, target: Target, lacking: dict[Key, Posed], asked: Asked, found: dict[Key, Outcome]
    ) -> list[Key]:
        """Join what is under way and ask the rest in one call; the keys whose call gave up
        while this one still has time."""
        flights = {key: flight for key in lacking if (flight := self._flights.about(key))}
        joined = list(flights)
        leading = {key: posed for key, posed in lacking.items() if key not in flights}
        if leading:
            own = self._flights.begin(
                list(leading),
                target.deadline.ends_at,
                partial(self._call_and_keep, target, leading, asked),
            )
            flights.update(dict.fromkeys(leading, own))
        with ExitStack() as waits:
            for flight in set(flights.values()):
                waits.enter_context(flight.waited_for())
            for key in leading:
                found[key] = await flights[key].landed(key)
            for key in joined:
                self._cache.count_joined()
                found[key] = await _joined(flights[key], key, target)
        return [
            key
            for key in joined
            if isinstance(found[key].told, DeadlinePassed) and not target.deadline.passed
        ]

    async def _call_and_keep(
        self, target: Target, questions: dict[Key, Posed], asked: Asked
    ) -> list[Outcome]:
        outcomes = await self._call(target, list(questions.values()), asked)
        for key, outcome in zip(questions, outcomes, strict=True):
            if isinstance(outcome.told, Answer):
                self._cache.put(key, outcome.told)
        return outcomes

    async def _call(
        self, target: Target, questions: Sequence[Posed], asked: Asked
    ) -> list[Outcome]:
        clock = target.deadline.clock
        begun = clock()
        told = await self._answerers.ask(
            target.slot, target.backend, target.health, questions, target.deadline, asked
        )
        took_seconds = clock() - begun
        return [Outcome(one, took_seconds) for one in told]


async def _joined(flight: Flight[Key, Outcome], key: Key, target: Target) -> Outcome:
    """What another's call brings, waited for until the deadline of our own."""
    clock = target.deadline.clock
    begun = clock()
    told: Told
    try:
        async with asyncio.timeout(target.deadline.remaining_seconds):
            told = (await flight.landed(key)).told
    except TimeoutError:
        told = DeadlinePassed(target.slot, target.deadline.seconds)
    return Outcome(told, clock() - begun, cached=isinstance(told, Answer))


def _each(keys: Sequence[Key], found: dict[Key, Outcome]) -> Iterator[Outcome]:
    """An outcome for each place; the same question a second time cost no scoring."""
    seen: set[Key] = set()
    for key in keys:
        outcome = found[key]
        if key in seen and isinstance(outcome.told, Answer):
            outcome = replace(outcome, cached=True)
        seen.add(key)
        yield outcome
