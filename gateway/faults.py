"""What goes wrong behind the routes, as replies: the one place where errors become problems.

Source: RFC 9457; RFC 9110 for ``Retry-After`` (10.2.3) and ``Connection``; RFC 6750, section
3, for ``WWW-Authenticate``.
"""

from __future__ import annotations

import math
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import (
    BadFeedback,
    BadQuestion,
    BodyTooSlow,
    Overloaded,
    PathNotFound,
    ProctorError,
    RequestMalformed,
    ScopeMissing,
    TooManyRequests,
    Unauthenticated,
    WrongMethod,
)
from gateway.problems import printable, problem_of, respond
from gateway.visits import visit_of

_METHOD_NOT_ALLOWED: Final = 405
_ROUNDING: Final = 1e-6


def tell_faults(app: FastAPI) -> None:
    """Let ``app`` answer every error with a problem."""
    app.add_exception_handler(ProctorError, _tell)
    app.add_exception_handler(HTTPException, _tell_http)


def headers_of(error: ProctorError) -> dict[str, str]:
    """The headers that go with a problem."""
    match error:
        case TooManyRequests() | Overloaded():
            # Whole seconds, rounded up: whoever waits so long has waited long enough.
            seconds = math.ceil(error.retry_after_seconds - _ROUNDING)
            return {"Retry-After": str(max(1, seconds))}
        case Unauthenticated():
            return {"WWW-Authenticate": 'Bearer realm="proctor"'}
        case ScopeMissing():
            told = f'Bearer realm="proctor", error="insufficient_scope", scope="{error.scope}"'
            return {"WWW-Authenticate": told}
        case BodyTooSlow():
            return {"Connection": "close"}
    return {}


async def _tell(request: Request, error: Exception) -> Response:
    """A ``ProctorError`` as a problem."""
    if not isinstance(error, ProctorError):  # pragma: no cover - registered for nothing else
        raise error
    visit = visit_of(request)
    visit.problem = error.slug
    faults = error.faults if isinstance(error, BadFeedback | BadQuestion) else ()
    return respond(problem_of(error, visit.request_id, faults), headers_of(error))


async def _tell_http(request: Request, error: Exception) -> Response:
    """What Starlette's router says, as a problem."""
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for nothing else
        raise error
    path = printable(request.url.path)
    told: ProctorError
    if error.status_code == _METHOD_NOT_ALLOWED:
        told = WrongMethod(printable(request.method), path)
    elif error.status_code == PathNotFound.http_status:
        told = PathNotFound(path)
    else:
        told = RequestMalformed(str(error.detail))
    visit = visit_of(request)
    visit.problem = told.slug
    return respond(problem_of(told, visit.request_id), dict(error.headers or {}))
