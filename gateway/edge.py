"""The outermost layer: a name for every request, a limit for its body, and no leaks.

Pure ASGI, so that nothing is buffered and streams pass. A body is counted while it is
read: the error is raised into whoever reads it, and becomes a problem there. An exception
that nothing else caught is logged under the request's id and answered with 500.
Source: the ASGI specification, https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import RequestTooLarge
from gateway.problems import REQUEST_ID_HEADER, respond, unexpected_problem

_SANE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_log = logging.getLogger("gateway")


class RequestIds:
    """Takes the caller's ``X-Request-Id`` when it is a plain token, else makes one; keeps
    it in ``request.state.request_id`` and sends it back."""

    def __init__(self, app: ASGIApp, *, new_request_id: Callable[[], str]) -> None:
        self._app = app
        self._new_request_id = new_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        request_id = given if _SANE_ID.fullmatch(given) else self._new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception:
            _log.exception("request %s failed", request_id)
            if started:
                raise  # half a response is out: the connection must break visibly
            await respond(unexpected_problem(request_id))(scope, receive, send)


class BodyLimit:
    """Raises ``RequestTooLarge`` into the reader of a body of more than ``limit_bytes``:
    before the first byte when the length is declared, else at the byte too many."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        too_large = declared.isdecimal() and int(declared[:20]) > self._limit_bytes
        read_bytes = 0

        async def receive_counted() -> Message:
            nonlocal read_bytes
            if too_large:
                raise RequestTooLarge(self._limit_bytes)
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > self._limit_bytes:
                raise RequestTooLarge(self._limit_bytes)
            return message

        await self._app(scope, receive_counted, send)
