"""What a request passes before its route: its key, the key's limits, and room for it.

A route asks for it as a dependency, before its body is read: nobody without a key has
anything of theirs parsed. What was taken on the way is given back when the visit is over.
Source: RFC 6750 (bearer tokens), RFC 9111 (``no-cache``).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request

from contracts.errors import HeaderInvalid, ScopeMissing, Unauthenticated
from gateway.admission import Lane
from gateway.asked import Asked
from gateway.callers import CALLER_HEADER, caller_of
from gateway.deadlines import Clock, Deadline
from gateway.keys import Key, KeySource, Scope
from gateway.limits import KeyLimits
from gateway.visits import Visit, visit_of

DEADLINE_HEADER: Final = "X-Deadline-Seconds"
_SCHEME: Final = "bearer"
_SECONDS: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")
_NO_CACHE: Final = re.compile(r"(^|[,\s])no-(cache|store)\s*($|[,=])", re.IGNORECASE)

Asks = Callable[[Request], Awaitable[Asked]]


class Entry:
    """Made once for an application. ``clock`` is monotonic."""

    def __init__(self, keys: KeySource, limits: KeyLimits, clock: Clock) -> None:
        self._keys = keys
        self._limits = limits
        self._clock = clock

    def asks(self, scope: Scope, *, seconds: float, lane: Lane | None = None) -> Asks:
        """A dependency: lets a request in whose key has ``scope``, with at most ``seconds``,
        and a place in ``lane`` where there is one (nobody else is ever turned away because
        there is much to do).

        It raises ``Unauthenticated`` (401), ``ScopeMissing`` (403), ``HeaderInvalid`` (400),
        ``TooManyRequests`` (429) or ``Overloaded`` (503)."""

        async def asked(request: Request) -> Asked:
            visit, headers = visit_of(request), request.headers
            key = self._key(headers)
            address = request.client.host if request.client else ""
            visit.caller = caller = caller_of(key, headers.get(CALLER_HEADER), address)
            if scope not in key.scopes:
                raise ScopeMissing(key.id, scope)
            deadline = self._deadline(headers.get(DEADLINE_HEADER), seconds, visit.began)
            self._take(visit, key)
            if lane is not None:
                _take_place(visit, lane, deadline)
            control = headers.get("cache-control")
            return Asked(
                request_id=visit.request_id,
                caller=caller,
                deadline=deadline,
                trace=visit.served.trace.header,
                trace_state=visit.served.trace.state,
                fresh=control is not None and _NO_CACHE.search(control) is not None,
                notes=visit.notes,
            )

        return asked

    def widen(self, request: Request, asked: Asked, questions: int) -> None:
        """Count the request as ``questions`` of them, when its body has told how many it
        holds. Raises ``Overloaded``."""
        place = visit_of(request).place
        if place is not None:
            place.lane.widen(place, questions, asked.deadline)
        self._limits.charge(asked.caller.key, questions - 1)

    def _key(self, headers: Headers) -> Key:
        given = headers.get("authorization", "")
        scheme, _, presented = given.partition(" ")
        key = self._keys.find(presented.strip() if scheme.lower() == _SCHEME else "")
        if key is None:
            raise Unauthenticated(
                "the key that was sent is not known here" if given else "no key was sent"
            )
        return key

    def _take(self, visit: Visit, key: Key) -> None:
        account = self._limits.enter(key)
        if account is not None:
            visit.leaving.append(lambda _: KeyLimits.leave(account))

    def _deadline(self, given: str | None, seconds: float, began: float) -> Deadline:
        if given is not None:
            if not _SECONDS.fullmatch(given) or not float(given):
                raise HeaderInvalid(
                    DEADLINE_HEADER, "a number of seconds above 0 is wanted, as in 2.5"
                )
            seconds = min(seconds, float(given))
        return Deadline(began + seconds, seconds, self._clock)


def _take_place(visit: Visit, lane: Lane, deadline: Deadline) -> None:
    place = visit.place = lane.enter(deadline)
    visit.leaving.append(lambda ended: lane.leave(place, answered=ended.answered))
