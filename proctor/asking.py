"""Puts a question to a gateway over HTTP, and turns what comes back into words.

A problem reply becomes a ``GatewayRefused`` where the caller must change something, and a
``GatewayFailed`` where something is away. Source: RFC 9457.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import httpx
from pydantic import ValidationError

from contracts.answers import AnswerReply, AnswerRequest, Problem
from contracts.errors import BadInput, BadQuestion, GatewayAway, GatewayFailed, GatewayRefused
from contracts.faults import first_fault

_SERVER_FAULT: Final = 500


def question_from_words(
    question: str | None, code: str | None, code_file: Path | None, choices: Sequence[str]
) -> AnswerRequest:
    """Raises ``BadInput`` or ``BadQuestion``."""
    if question is None:
        raise BadInput("there is no question.", mend="Give --question, or --file.")
    if code is not None and code_file is not None:
        raise BadInput("--code and --code-file exclude each other.")
    if code_file is not None:
        try:
            code = code_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{code_file} cannot be read: {error}.") from error
    try:
        return AnswerRequest(question=question, code=code, choices=tuple(choices))
    except ValidationError as error:
        raise BadQuestion(first_fault(error)) from error


def question_from_file(path: Path, identity: str | None) -> AnswerRequest:
    """The question of that id, the first without one. Raises ``BadInput``, ``BadRow``."""
    from mcq.loaders import load_questions

    for question in load_questions(path):
        if identity is None or question.id == identity:
            return AnswerRequest(
                question=question.stem, code=question.code, choices=question.choices
            )
    raise BadInput(f"{path} has no question {identity}.")


def ask_gateway(
    url: str,
    question: AnswerRequest,
    *,
    timeout_seconds: float,
    key: str | None = None,
    transport: httpx.BaseTransport | None = None,
) -> AnswerReply:
    """Raises ``GatewayRefused``, ``GatewayFailed``, or ``GatewayAway`` (also where something
    else answers).
    ``key`` is presented, if there is one. ``transport`` stands in for the network."""
    content = question.model_dump_json(exclude_none=True)
    try:
        with httpx.Client(transport=transport, timeout=timeout_seconds, trust_env=False) as client:
            reply = client.post(
                f"{url.rstrip('/')}/v1/answers", content=content, headers=headers_for(key)
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise GatewayAway(url, str(error) or type(error).__name__) from error
    if reply.status_code != httpx.codes.OK:
        raise_problem(url, reply.status_code, reply.content)
    try:
        return AnswerReply.model_validate_json(reply.content)
    except ValidationError as error:
        raise _something_else(url, reply.status_code) from error


def headers_for(key: str | None) -> dict[str, str]:
    """Of a question, with the key that is presented, if there is one."""
    authorization = {} if key is None else {"Authorization": f"Bearer {key}"}
    return {"Content-Type": "application/json", **authorization}


def raise_problem(url: str, status: int, body: bytes) -> NoReturn:
    """Raise what a problem document says; ``GatewayAway`` where it is none."""
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError as error:
        raise _something_else(url, status) from error
    kind = GatewayFailed if problem.status >= _SERVER_FAULT else GatewayRefused
    raise kind(problem.title, problem.status, problem.detail, problem.request_id)


def _something_else(url: str, status: int) -> GatewayAway:
    return GatewayAway(url, f"something else answers there, with status {status}")
