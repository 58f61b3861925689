"""Lets no body pass but JSON.

BentoML also reads forms, and answers a broken one with a fault of its own (500).
Source: https://asgi.readthedocs.io/en/latest/specs/www.html, RFC 9110 section 15.5.16 (415).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from bentos.replies import problem_response, request_id_of
from contracts.errors import WrongMediaType

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_JSON: Final = "application/json"
_LONGEST_SHOWN: Final = 60


class JsonOnly:
    """An ASGI middleware. A request without a content type passes: it is read as JSON."""

    def __init__(self, app: Callable[[_Scope, _Receive, _Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            headers = {
                name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
            }
            given = headers.get("content-type", _JSON)
            if given.partition(";")[0].strip().lower() != _JSON:
                shown = given[:_LONGEST_SHOWN].encode("unicode_escape").decode()
                refusal = problem_response(WrongMediaType(shown), request_id_of(headers))
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
