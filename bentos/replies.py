"""Errors as problems, deadlines out of headers, and callers who hang up.

Source: RFC 9457 (problem details), RFC 9110 section 10.2.3 (Retry-After). Knows Starlette, no
BentoML and no model.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from contracts.answers import Problem
from contracts.errors import (
    BadParams,
    BadQuestion,
    CannotWrite,
    Overloaded,
    ProctorError,
    QuestionNotScored,
)
from contracts.explanations import MEDIA_TYPE

REQUEST_ID_HEADER: Final = "X-Request-Id"
DEADLINE_HEADER: Final = "X-Deadline-Seconds"
# Somebody who sets no deadline waits so long, at most.
DEFAULT_DEADLINE_SECONDS: Final = 60.0
HUNG_UP_STATUS: Final = 499
"""Never seen by its caller: in the metrics it tells those who went (nginx's number)."""

_MEDIA_TYPE: Final = "application/problem+json"
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_LONGEST_ID: Final = 128

_Any = TypeVar("_Any")


def problem_of(error: ProctorError, request_id: str | None = None) -> Problem:
    faults = error.faults if isinstance(error, BadQuestion) else ()
    reasons = (error.reason,) if isinstance(error, QuestionNotScored | CannotWrite) else ()
    return Problem(
        type=f"/problems/{error.slug}",
        title=error.title,
        status=error.http_status,
        detail=str(error),
        request_id=request_id,
        errors=faults + reasons,
    )


def problem_response(error: ProctorError, request_id: str | None = None) -> JSONResponse:
    return JSONResponse(
        problem_of(error, request_id).model_dump(mode="json", exclude_defaults=True),
        status_code=error.http_status,
        media_type=_MEDIA_TYPE,
        headers=problem_headers(error),
    )


def problem_headers(error: ProctorError) -> dict[str, str]:
    if isinstance(error, Overloaded):
        return {"Retry-After": str(math.ceil(error.retry_after_seconds))}
    return {}


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """As it was sent, when it is of a usual length."""
    given = headers.get(REQUEST_ID_HEADER.lower(), "")
    return given if 0 < len(given) <= _LONGEST_ID else None


def deadline_of(headers: Mapping[str, str], now: float) -> float:
    """When the work must have begun, by the clock that says ``now``. Raises ``BadParams``."""
    given = headers.get(DEADLINE_HEADER.lower())
    if given is None:
        return now + DEFAULT_DEADLINE_SECONDS
    if not _NUMBER.fullmatch(given):
        raise BadParams(f"the header {DEADLINE_HEADER}", f"{given[:40]!r} is no number of seconds.")
    return now + min(float(given), DEFAULT_DEADLINE_SECONDS)


class HungUp(Exception):
    """The caller closed the connection before the answer: nobody is there to be told."""


async def unless_hung_up(request: Request, deed: Coroutine[Any, Any, _Any]) -> _Any:
    """The result of ``deed``, which is cancelled when the caller hangs up (``HungUp``). The
    request's body must have been read."""
    doing = asyncio.ensure_future(deed)
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait({doing, gone}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise HungUp
    finally:
        gone.cancel()
        doing.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class EventStream(StreamingResponse):
    """Server-sent events. Whatever ends the response, the events' generator is closed with it."""

    media_type = MEDIA_TYPE

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)


class NoQuestions(logging.Filter):
    """Lets no record pass whose traceback would quote what a caller asked: pydantic's errors
    show their input."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, ValidationError)
