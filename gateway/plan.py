"""Who answers: the traffic plan, and the protocol through which the gateway hears of it.

The gateway knows nothing of a ledger: whoever starts it injects a ``PlanSource``. How callers
are shared out between slots is in ``contracts.traffic``.
"""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from contracts.answers import AnsweredBy
from contracts.shape import Shape
from contracts.traffic import Slot, TrafficSplit


class Backend(Shape):
    """An answerer: where it listens (``http://host:port``), and the version that must
    answer there. A reply of any other version is refused."""

    url: str = Field(pattern=r"^https?://[^/?#\s]+$")
    version: AnsweredBy


class TrafficPlan(Shape):
    """Which answerer each slot has, and how callers are shared out between them; a slot
    without an answerer is not live."""

    slots: dict[Slot, Backend] = Field(default_factory=dict)
    split: TrafficSplit = Field(default_factory=TrafficSplit)


class PlanSource(Protocol):
    """``current`` is asked for every request: it returns at once, without I/O. Raises
    ``AnswererAway`` when no plan was ever known."""

    def current(self) -> TrafficPlan: ...


class FixedPlan:
    """A plan that changes only when told to: the twin of the ledger's."""

    def __init__(self, plan: TrafficPlan) -> None:
        self._plan = plan

    def current(self) -> TrafficPlan:
        return self._plan

    def change(self, plan: TrafficPlan) -> None:
        self._plan = plan
