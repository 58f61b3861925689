"""The gateway's plan, read from the ledger: who answers in which slot, and to whom.

A thread of its own asks the ledger for new events several times a second, so a request
never waits for the database. While the ledger is away, or says something that cannot be
read, the last known plan stays in force. Events are read from the last known one on, and
that one must still be there, unchanged: where another ledger took its place, reading starts
over. Knows no MLflow, so that a gateway needs none.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from contracts.answers import AnsweredBy
from contracts.errors import AnswererAway, LedgerAway, ProctorError
from contracts.traffic import SLOTS, STABLE
from gateway.plan import Backend, TrafficPlan
from registry.events import Event, Occupant
from registry.ledger import Ledger
from registry.state import RegistryState, fold

DEFAULT_INTERVAL_SECONDS: Final = 0.2
_log = logging.getLogger("proctor.plan")


def plan_of(state: RegistryState) -> TrafficPlan:
    """The ledger's slots and split as the gateway's plan; pydantic ``ValidationError`` for a
    URL that cannot be one."""
    slots = state.slots
    return TrafficPlan(
        slots={
            slot: Backend(url=slots[slot].url.rstrip("/"), version=_answered_by(slots[slot]))
            for slot in SLOTS
            if slot in slots
        },
        split=state.split,
    )


def _answered_by(runs: Occupant) -> AnsweredBy:
    return AnsweredBy(
        model=runs.model, version=runs.version, digest=runs.digest, scoring=runs.scoring
    )


class LedgerPlan:
    """A ``gateway.plan.PlanSource`` that follows a ledger while it is open (``with``)."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._state = RegistryState()
        self._last: Event | None = None
        self._plan: TrafficPlan | None = None
        self._told_away = False
        self._read_at: float | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="ledger-plan", daemon=True)

    def __enter__(self) -> Self:
        """Read once, then go on in the background; an absent ledger is no error here."""
        self.refresh()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        # A database that does not answer must not hold up the end of the process.
        self._thread.join(timeout=2.0)

    def current(self) -> TrafficPlan:
        """The last known plan. Raises ``AnswererAway`` when none was ever known."""
        plan = self._plan
        if plan is None:
            raise AnswererAway(STABLE, "which version is live is not known yet")
        return plan

    def age_seconds(self) -> float:
        """How long ago the ledger was last read without a fault; infinite if never."""
        return math.inf if self._read_at is None else self._clock() - self._read_at

    def refresh(self) -> bool:
        """Read what is new; ``False`` when that failed and the old plan stays."""
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - whatever breaks here, callers are still answered
            if not self._told_away:
                reason = error.fact if isinstance(error, ProctorError) else repr(error)
                _log.warning("the plan stays as it was: %s", reason)
                self._told_away = True
            return False
        self._read_at = self._clock()
        if self._told_away:
            _log.warning("the plan follows the ledger again")
            self._told_away = False
        return True

    def _follow(self) -> None:
        while not self._ended.wait(self._interval_seconds):
            self.refresh()

    def _read(self) -> None:
        last = self._last
        events = self._ledger.events(after=last.seq - 1 if last else 0)
        if last is None:
            self._take(RegistryState(), events)
        elif not events or events[0].hash != last.hash:
            self._start_over(last)
        elif len(events) > 1:
            self._take(self._state, events[1:])

    def _start_over(self, last: Event) -> None:
        events = self._ledger.events()
        if not events:
            raise LedgerAway("where it was", f"event {last.seq} and all before it are gone")
        _log.warning("another ledger took the place of the one that was followed")
        self._take(RegistryState(), events)

    def _take(self, state: RegistryState, events: list[Event]) -> None:
        """Go on to the state after ``events``, all or nothing."""
        state = fold(events, state)
        plan = plan_of(state)
        self._state, self._plan = state, plan
        self._last = events[-1] if events else None
