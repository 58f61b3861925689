"""Problem details: every error leaves the gateway as ``application/problem+json``.

Source: RFC 9457. ``type`` is the relative reference ``/problems/SLUG``, the slug being the
error's own; ``request_id`` and ``errors`` are extension members. What the caller sent is
never quoted back beyond the names of its keys, and nothing internal is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from starlette.responses import Response

from contracts.answers import Problem
from contracts.errors import ProctorError
from contracts.faults import every_fault, told

MEDIA_TYPE: Final = "application/problem+json"
REQUEST_ID_HEADER: Final = "X-Request-Id"
_NAME_LENGTH: Final = 60
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


def problem_of(error: ProctorError, request_id: str, errors: tuple[str, ...] = ()) -> Problem:
    return Problem(
        type=f"/problems/{error.slug}",
        title=error.title,
        status=error.http_status,
        detail=str(error),
        request_id=request_id,
        errors=errors,
    )


def unexpected_problem(request_id: str) -> Problem:
    """What a fault of our own looks like from outside."""
    return Problem(
        type="/problems/unexpected",
        title="Something went wrong here",
        status=500,
        detail="the gateway failed; its log tells why under this request id.",
        request_id=request_id,
    )


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The edge adds the header with the request's id, as to every reply."""
    return Response(
        problem.model_dump_json(exclude_defaults=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def printable(text: str) -> str:
    """Text of a caller made safe to show: ASCII, one line, not long."""
    shown = _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return shown if len(shown) <= _NAME_LENGTH else shown[:_NAME_LENGTH] + "..."


def _place(location: tuple[int | str, ...]) -> str:
    """As in ``choices[2]``."""
    place = ""
    for part in location:
        if isinstance(part, int):
            place += f"[{part}]"
        else:
            place += ("." if place else "") + printable(part)
    return place


_WORDS: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a known key",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "too_short": "has {actual_length} entries, at least {min_length} are wanted",
    "too_long": "has more than {max_length} entries",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
}


def _words(fault: Mapping[str, Any]) -> str:
    words = _WORDS.get(fault["type"])
    if words is None:
        return told(fault)
    return words.format_map(fault.get("ctx", {}))


def faults_in_words(error: ValidationError) -> tuple[str, ...]:
    """One line a fault: where, and what is wrong there."""
    return every_fault(error, place=_place, words=_words)
