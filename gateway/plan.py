"""Who answers: the traffic plan, and the protocol through which the gateway hears of it.

The gateway knows nothing of a ledger: whoever starts it injects a ``PlanSource``. Today a
plan is acted upon by its ``stable`` slot alone; weights between slots belong here, too.
"""

from __future__ import annotations

from typing import Final, Literal, Protocol

from pydantic import Field

from contracts.answers import AnsweredBy
from contracts.shape import Shape

Slot = Literal["stable", "canary"]
STABLE: Final = "stable"


class Backend(Shape):
    """An answerer: where it listens (``http://host:port``), and the version that must
    answer there. A reply of any other version is refused."""

    url: str = Field(pattern=r"^https?://[^/?#\s]+$")
    version: AnsweredBy


class TrafficPlan(Shape):
    """Which answerer each slot has; a slot without one is not live."""

    slots: dict[Slot, Backend] = Field(default_factory=dict)


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
