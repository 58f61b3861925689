"""One request from its head to the end of its reply: what is known of it, and who hears of it.

A visit is made at the edge and travels in the request's state; whoever learns something about
the request writes it down there. When it is over, the ``Ended`` functions hear of it: the
line in the log, the counters, the span.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

from starlette.requests import Request
from starlette.types import Scope

from contracts.answers import AnswerRequest
from gateway.admission import Place
from gateway.asked import Notes
from gateway.callers import Caller
from gateway.spans import Served

UNMATCHED: Final = "unmatched"
# Nginx's word for a caller that left before it had its answer.
CALLER_LEFT: Final = 499
_OK: Final = 200
_STATE: Final = "visit"


@dataclass(slots=True)
class Visit:
    """``began`` and ``seconds`` are of a monotonic clock; ``status`` is 0 until a reply
    begins, ``problem`` the slug of the one that it was. ``leaving`` is called when it is
    over, whatever happened."""

    request_id: str
    method: str
    began: float
    served: Served
    route: str = UNMATCHED
    status: int = 0
    seconds: float = 0.0
    caller: Caller | None = None
    place: Place | None = None
    question: AnswerRequest | None = None
    problem: str | None = None
    notes: Notes = field(default_factory=Notes)
    leaving: list[Callable[[Visit], None]] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        return self.status == _OK


Ended = Callable[[Visit], None]


def put_visit(scope: Scope, visit: Visit) -> None:
    scope.setdefault("state", {})[_STATE] = visit


def visit_of(request: Request) -> Visit:
    """The visit that the edge made of this request."""
    return cast("Visit", request.scope["state"][_STATE])
