"""Keeps an eye on the answerers of the plan: their health, and the probes that tell of it.

Probes run beside the questions, a few times a second for an answerer that nothing is heard
of, ever more seldom for one that is ejected (``gateway.health`` says when). What left the
plan is forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from contracts.traffic import Slot
from gateway.deadlines import Clock
from gateway.health import Failure, Health, HealthSettings, HealthStats
from gateway.plan import Backend, TrafficPlan

_log = logging.getLogger("gateway.health")

Probe = Callable[[Backend], Awaitable[Failure | None]]
"""Asks an answerer whether it is ready: ``None``, or what was wrong. It bounds its own time."""


class Watch:
    """``plan`` is asked at every look and gives the plan in force, ``None`` for none."""

    def __init__(
        self,
        plan: Callable[[], TrafficPlan | None],
        probe: Probe,
        settings: HealthSettings,
        clock: Clock,
    ) -> None:
        self._plan = plan
        self._probe = probe
        self._settings = settings
        self._clock = clock
        self._known: dict[Slot, tuple[Backend, Health]] = {}
        self._ejections_before: Counter[Slot] = Counter()
        self._probing: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None

    def of(self, slot: Slot, backend: Backend) -> Health:
        """The health of what answers in ``slot``; a newcomer is taken for well."""
        known = self._known.get(slot)
        if known is None or known[0] != backend:
            self._forget(slot)
            known = self._known[slot] = backend, Health(self._settings, self._clock())
        return known[1]

    def _forget(self, slot: Slot) -> None:
        known = self._known.pop(slot, None)
        if known is not None:
            self._ejections_before[slot] += known[1].stats().ejections_total

    def stats(self) -> dict[Slot, HealthStats]:
        """Of the slots of the plan; ejections are those of all that was ever in a slot."""
        return {
            slot: replace(stats, ejections_total=stats.ejections_total + before)
            for slot, (_, health) in self._known.items()
            for stats, before in [(health.stats(), self._ejections_before[slot])]
        }

    def start(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """End the looking and the probes under way."""
        tasks = [*self._probing, *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _look(self) -> None:
        while True:
            try:
                wait_seconds = self._probe_what_is_due()
            except Exception:  # noqa: BLE001 - whatever it is, the answerers are looked at again
                _log.exception("looking after the answerers failed")
                wait_seconds = self._settings.probe_seconds
            await asyncio.sleep(wait_seconds)

    def _probe_what_is_due(self) -> float:
        """Begin the probes that are due; seconds until the next look."""
        plan, now = self._plan(), self._clock()
        slots = plan.slots if plan is not None else {}
        for slot in [slot for slot in self._known if slot not in slots]:
            self._forget(slot)
        wait_seconds = self._settings.probe_seconds
        for slot, backend in slots.items():
            health = self.of(slot, backend)
            due_in = health.probe_due_at() - now
            if due_in <= 0.0:
                health.probe_begins(now)
                probing = asyncio.create_task(self._ask(slot, backend, health))
                self._probing.add(probing)
                probing.add_done_callback(self._probing.discard)
            else:
                wait_seconds = min(wait_seconds, due_in)
        return wait_seconds

    async def _ask(self, slot: Slot, backend: Backend, health: Health) -> None:
        failure: Failure | None = "broken"
        before = health.state
        try:
            failure = await self._probe(backend)
        except Exception:  # noqa: BLE001 - a fault of ours must not pass for the answerer's
            _log.exception("a probe of slot %s failed", slot)
        finally:
            health.probed(failure, self._clock())
            tell(slot, backend, before, health)


def tell(slot: Slot, backend: Backend, before: str, health: Health) -> None:
    """A line in the log for a state that changed."""
    if health.state != before:
        named = f"{backend.version.model}/{backend.version.version}"
        reason = f": {health.reason}" if health.reason else ""
        _log.warning("slot %s (%s) is %s%s", slot, named, health.state, reason)
