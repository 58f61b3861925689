"""Reads a question out of a request, or says exactly what is wrong with it.

The body is parsed by the same JSON parser and the same shape as at the answerer, so the
two cannot disagree about what a question is. JSON as in RFC 8259: UTF-8, no NaN.
"""

from __future__ import annotations

from email.message import Message
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request

from contracts.answers import AnswerRequest
from contracts.errors import BadQuestion, RequestMalformed, WrongMediaType
from gateway.problems import faults_in_words, printable

_UTF8: Final = {"utf-8", "utf8"}


def check_media_type(value: str) -> None:
    """Raises ``WrongMediaType`` unless it is JSON in UTF-8."""
    message = Message()
    message["content-type"] = value
    charset = message.get_param("charset", "utf-8")
    if (
        not value
        or message.get_content_type() != "application/json"
        or str(charset).lower() not in _UTF8
    ):
        raise WrongMediaType(printable(value))


async def read_question(request: Request) -> AnswerRequest:
    """Raises ``WrongMediaType`` (415), ``RequestTooLarge`` (413), ``RequestMalformed``
    (400) or ``BadQuestion`` (422)."""
    check_media_type(request.headers.get("content-type", ""))
    body = await request.body()
    if not body.strip():
        raise RequestMalformed("it is empty")
    try:
        return AnswerRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            reason = str(first["ctx"]["error"]) if "ctx" in first else str(first["msg"])
            raise RequestMalformed(f"not JSON ({reason})") from error
        raise BadQuestion(*faults_in_words(error)) from error
