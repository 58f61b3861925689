"""Reads a shape out of a request, or says exactly what is wrong with it.

The body is parsed by the same JSON parser and the same shape as at the answerer, so the
two cannot disagree about what a question is. JSON as in RFC 8259: UTF-8, no NaN.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from email.message import Message
from functools import partial
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from contracts.answers import AnswerRequest
from contracts.errors import BadQuestion, ProctorError, RequestMalformed, WrongMediaType
from contracts.shape import Shape
from gateway.problems import faults_in_words, printable
from gateway.visits import visit_of

_BY_LETTER: Final = re.compile(rb'"choices"\s*:\s*\{')
_JSON: Final = "application/json"
_UTF8: Final = {"utf-8", "utf8"}
_Read = TypeVar("_Read", bound=Shape)
_Bad = Callable[..., ProctorError]


def check_media_type(value: str) -> None:
    """Raises ``WrongMediaType`` unless it is JSON in UTF-8."""
    if value == _JSON:  # as nearly everybody writes it
        return
    message = Message()
    message["content-type"] = value
    charset = message.get_param("charset", "utf-8")
    if not value or message.get_content_type() != _JSON or str(charset).lower() not in _UTF8:
        raise WrongMediaType(printable(value))


async def read_as(shape: type[_Read], request: Request, bad: _Bad) -> _Read:
    """The body as ``shape``; ``bad`` makes an error (422) of what is wrong with it. Raises
    ``WrongMediaType`` (415), ``RequestTooLarge`` (413) and ``RequestMalformed`` (400), too."""
    check_media_type(request.headers.get("content-type", ""))
    body = await request.body()
    if not body.strip():
        raise RequestMalformed("it is empty")
    try:
        found = shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            reason = str(first["ctx"]["error"]) if "ctx" in first else str(first["msg"])
            raise RequestMalformed(f"not JSON ({reason})") from error
        raise bad(*faults_in_words(error)) from error
    check_keys_once(body, bad)
    return found


async def read_question(request: Request) -> AnswerRequest:
    """Raises as ``read_as`` does, ``BadQuestion`` (422) among it."""
    question = await read_as(AnswerRequest, request, BadQuestion)
    visit_of(request).question = question
    return question


def check_keys_once(body: bytes, bad: _Bad) -> None:
    """Raises what ``bad`` makes where choices by letter name a key twice: JSON parsers keep
    the last one, and the choice that was meant may be another (RFC 8259, section 4)."""
    if _BY_LETTER.search(body):
        json.loads(body, object_pairs_hook=partial(_each_once, bad))


def _each_once(bad: _Bad, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise bad(f"{printable(twice)}: is there more than once")
    return found
