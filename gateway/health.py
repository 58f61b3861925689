"""Whether an answerer is worth asking: a state machine for one, with the time handed in.

::

                 refused, or silent probe (at once),
                 eject_failures in a row
      serving ───────────────────────────────────▶ ejected ◀─┐ probe fails:
         ▲  ▲                                        │  └────┘ twice the wait
         │  └───────── ready, and what had failed ───┤
         │             were probes                   │ ready, and what had
         │                                           ▼ failed were questions
         └───────────── the question is heard ───── trial ──▶ ejected, when it is not

*Dead* is what refuses connections: it is ejected at the first. *Hung* is what is silent: a
probe gets ``probe_timeout_seconds``, and any reply heard meanwhile speaks for the answerer. A
server that answers probes and no questions is found by the questions that time out; a probe
cannot clear it, so it comes back by one question on trial. What replies at all, be it with
status 500, is alive: a wrong reply is that question's failure, and ejects nobody, since
otherwise one caller with a bad question could take an answerer from all others. For the same
reason a question counts as unheard only if it was given ``eject_patience_seconds``.

What answers questions is not probed. A wait that doubles goes on from where it was when the
answerer is ejected again within ``eject_forgiven_seconds``: what flaps is probed ever less.

Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
(consecutive failures, growing ejection time), M. Nygard, "Release It!" (2nd edition, 2018),
"Circuit Breaker" (half-open).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field

from contracts.shape import Shape

State = Literal["serving", "ejected", "trial"]
Failure = Literal["refused", "unreachable", "broken", "silent", "unready"]
"""``refused``: nothing listens; ``unreachable``: no connection for another reason, of the
network or its names; ``broken``: the connection broke; ``silent``: no reply in time;
``unready``: it says so itself."""

REASONS: Final[dict[Failure, str]] = {
    "refused": "nothing listens there",
    "unreachable": "it cannot be reached",
    "broken": "it broke the connection",
    "silent": "it does not reply",
    "unready": "it is not ready",
}
NEVER: Final = float("inf")


class HealthSettings(Shape):
    """When an answerer is ejected, and when it is looked at. What is dead or hung is ejected
    after ``probe_seconds`` and ``probe_timeout_seconds`` at the latest, without a question."""

    probe_seconds: float = Field(
        default=0.2, gt=0.0, le=60.0, description="Seconds unheard of, until a probe."
    )
    probe_timeout_seconds: float = Field(
        default=0.7, gt=0.0, le=60.0, description="Seconds for a probe's reply."
    )
    eject_failures: int = Field(
        default=3, ge=1, le=1_000, description="In a row, with nothing heard between."
    )
    eject_patience_seconds: float = Field(
        default=1.0, ge=0.0, le=600.0, description="Seconds given, for silence to count."
    )
    eject_first_seconds: float = Field(
        default=0.25, gt=0.0, le=60.0, description="Seconds ejected, until the first probe."
    )
    eject_longest_seconds: float = Field(
        default=2.0, gt=0.0, le=600.0, description="Seconds between probes at the most."
    )
    eject_forgiven_seconds: float = Field(
        default=30.0, ge=0.0, le=3_600.0, description="Seconds well, until it counts as new."
    )


@dataclass(frozen=True)
class Permit:
    """Leave to ask one question; hand it back with what became of it."""

    trial: bool


@dataclass(frozen=True)
class HealthStats:
    """One answerer, now, and how often it was ejected."""

    state: State
    reason: str
    ejections_total: int


class Health:
    """One answerer's health. Every ``now`` is in seconds of one monotonic clock."""

    def __init__(self, settings: HealthSettings, now: float) -> None:
        self._settings = settings
        self._state: State = "serving"
        self._why: Failure | None = None
        self._heard_at = now
        self._unheard = 0  # questions in a row
        self._unready = 0  # probes in a row
        self._probe_at = now
        self._probing = False
        self._wait_seconds = settings.eject_first_seconds
        self._well_since = now - settings.eject_forgiven_seconds
        self._by_questions = False
        self._trying = False
        self._ejections = 0
        self._told: set[Callable[[], None]] = set()

    @property
    def state(self) -> State:
        return self._state

    @property
    def reason(self) -> str:
        """Why it is ejected or on trial, in words; empty while it serves."""
        return REASONS[self._why] if self._why is not None else ""

    def stats(self) -> HealthStats:
        return HealthStats(self._state, self.reason, self._ejections)

    @contextmanager
    def telling(self, ejected: Callable[[], None]) -> Iterator[None]:
        """Call ``ejected`` if that happens within the block."""
        self._told.add(ejected)
        try:
            yield
        finally:
            self._told.discard(ejected)

    # ------------------------------------------------------------ questions

    def admits(self) -> bool:
        """Whether ``begin`` would give a permit."""
        return self._state == "serving" or (self._state == "trial" and not self._trying)

    def begin(self) -> Permit | None:
        """Leave to ask a question, ``None`` when it is ejected or its trial is under way."""
        if not self.admits():
            return None
        trial = self._state == "trial"
        self._trying = trial
        return Permit(trial)

    def heard(self, permit: Permit, now: float) -> None:
        """The question got a reply, whatever it says."""
        self._heard_at = now
        self._unheard = 0
        if permit.trial and self._state == "trial":
            self._serve(now)
        elif self._state == "ejected":
            self._probe_at = min(self._probe_at, now)  # it lives after all: look at once

    def unheard(self, permit: Permit, failure: Failure, now: float, given_seconds: float) -> None:
        """The question, which was given so much time, got no reply."""
        if permit.trial:
            self._trying = False
            if self._state == "trial":
                self._eject(failure, now, by_questions=True)
            return
        if self._state != "serving":
            return
        if failure == "refused":
            self._eject(failure, now, by_questions=False)
        elif failure != "silent" or given_seconds >= self._settings.eject_patience_seconds:
            self._unheard += 1
            if self._unheard >= self._settings.eject_failures:
                self._eject(failure, now, by_questions=failure == "silent")

    def left(self, permit: Permit) -> None:
        """Nobody waits for the question any more: that says nothing."""
        if permit.trial:
            self._trying = False

    # ------------------------------------------------------------ probes

    def probe_due_at(self) -> float:
        """When to probe next; ``NEVER`` while a probe or a trial is under way."""
        if self._probing or self._state == "trial":
            return NEVER
        if self._state == "ejected":
            return self._probe_at
        return max(self._heard_at, self._probe_at) + self._settings.probe_seconds

    def probe_begins(self, now: float) -> None:
        self._probing = True
        self._probe_at = now

    def probed(self, failure: Failure | None, now: float) -> None:
        """The probe that ``probe_begins`` told of ended: with ``None`` it is ready."""
        self._probing = False
        heard_meanwhile = self._heard_at > self._probe_at
        if failure is None:
            self._ready(now)
        elif self._state == "ejected":
            self._wait_longer(now)
        elif failure == "refused" or (failure == "silent" and not heard_meanwhile):
            self._eject(failure, now, by_questions=False)
        elif failure != "silent":
            self._unready += 1
            if self._unready >= self._settings.eject_failures and not heard_meanwhile:
                self._eject(failure, now, by_questions=False)

    def _ready(self, now: float) -> None:
        self._unready = 0
        self._heard_at = now
        if self._state == "ejected" and self._by_questions:
            self._state = "trial"
            self._trying = False
        elif self._state == "ejected":
            self._serve(now)

    # ------------------------------------------------------------ moves

    def _serve(self, now: float) -> None:
        self._state = "serving"
        self._why = None
        self._trying = False
        self._unheard = self._unready = 0
        self._well_since = now

    def _eject(self, failure: Failure, now: float, *, by_questions: bool) -> None:
        settings = self._settings
        if self._state == "serving":
            calm = now - self._well_since >= settings.eject_forgiven_seconds
            self._wait_seconds = settings.eject_first_seconds if calm else self._doubled()
            self._ejections += 1
        else:  # its trial failed
            self._wait_seconds = self._doubled()
        self._state = "ejected"
        self._why = failure
        self._by_questions = by_questions
        self._unheard = self._unready = 0
        self._probe_at = now + self._wait_seconds
        for tell in tuple(self._told):
            tell()

    def _wait_longer(self, now: float) -> None:
        self._wait_seconds = self._doubled()
        self._probe_at = now + self._wait_seconds

    def _doubled(self) -> float:
        return min(2.0 * self._wait_seconds, self._settings.eject_longest_seconds)
