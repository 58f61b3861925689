"""The outermost layer: a visit for every request, a name for it, and no leaks.

Pure ASGI, so that nothing is buffered and streams pass. An exception that nothing else caught
is logged under the request's id and answered with 500.
Source: the ASGI specification, https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.deadlines import Clock
from gateway.problems import REQUEST_ID_HEADER, respond, unexpected_problem
from gateway.spans import Spans
from gateway.visits import CALLER_LEFT, Ended, Visit, put_visit

_SANE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_RAW_ID_HEADER: Final = REQUEST_ID_HEADER.lower().encode()
_log = logging.getLogger("gateway")


class Edge:
    """Makes a visit of every request, and tells ``ended`` when it is over.

    The caller's ``X-Request-Id`` is taken when it is a plain token, else one is made; it goes
    back with every reply. While ``draining``, every reply has its connection closed, so that
    nobody sends another request on one that is about to go."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        new_request_id: Callable[[], str],
        clock: Clock,
        spans: Spans,
        draining: Callable[[], bool] = lambda: False,
        ended: Sequence[Ended] = (),
    ) -> None:
        self._app = app
        self._new_request_id = new_request_id
        self._clock = clock
        self._spans = spans
        self._draining = draining
        self._ended = tuple(ended)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = self._begun(scope)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                headers = [*message["headers"], (_RAW_ID_HEADER, visit.request_id.encode())]
                if self._draining():
                    headers.append((b"connection", b"close"))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except ClientDisconnect:
            visit.status = CALLER_LEFT  # nobody is left to answer
        except Exception:
            _log.exception(
                "request %s failed", visit.request_id, extra={"request_id": visit.request_id}
            )
            visit.problem = "unexpected"
            if visit.status:
                raise  # half a response is out: the connection must break visibly
            await respond(unexpected_problem(visit.request_id))(scope, receive, send_named)
        finally:
            self._end(scope, visit)

    def _begun(self, scope: Scope) -> Visit:
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID_HEADER, "")
        visit = Visit(
            request_id=given if _SANE_ID.fullmatch(given) else self._new_request_id(),
            method=scope["method"],
            began=self._clock(),
            served=self._spans.serve(scope["method"], headers),
        )
        put_visit(scope, visit)
        return visit

    def _end(self, scope: Scope, visit: Visit) -> None:
        visit.seconds = self._clock() - visit.began
        route = scope.get("route")
        if route is not None:
            visit.route = route.path
        for leave in visit.leaving:
            leave(visit)
        for ended in self._ended:
            ended(visit)
