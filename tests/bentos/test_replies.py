"""Errors as problems, deadlines out of headers, callers who hang up."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.requests import Request

from bentos.replies import (
    DEFAULT_DEADLINE_SECONDS,
    HungUp,
    NoQuestions,
    deadline_of,
    problem_headers,
    problem_of,
    request_id_of,
    unless_hung_up,
)
from contracts.answers import AnswerRequest
from contracts.errors import BadParams, BadQuestion, Overloaded, QuestionNotScored, ScoredTooLate


def test_a_problem_tells_its_faults() -> None:
    problem = problem_of(BadQuestion("choices: too few", "question: missing"), "r-1")
    assert problem.errors == ("choices: too few", "question: missing")
    assert (problem.status, problem.request_id) == (422, "r-1")
    assert problem_of(QuestionNotScored("900 tokens do not fit")).errors == (
        "900 tokens do not fit",
    )
    assert problem_of(ScoredTooLate(1.5)).status == 504


def test_who_is_refused_is_told_when_to_come_again() -> None:
    assert problem_headers(Overloaded("busy", retry_after_seconds=1.2)) == {"Retry-After": "2"}
    assert problem_headers(ScoredTooLate(1.0)) == {}


@pytest.mark.parametrize(
    ("given", "ends_at"),
    [
        ({}, 100 + DEFAULT_DEADLINE_SECONDS),
        ({"x-deadline-seconds": "2.5"}, 102.5),
        ({"x-deadline-seconds": "0"}, 100.0),
        ({"x-deadline-seconds": "-3"}, 97.0),
        ({"x-deadline-seconds": "900000"}, 100 + DEFAULT_DEADLINE_SECONDS),
    ],
)
def test_a_deadline_is_what_remains(given: dict[str, str], ends_at: float) -> None:
    assert deadline_of(given, 100.0) == ends_at


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e3", "+1", " 1", "1.", "0x1", "\u0661"])
def test_a_deadline_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadParams, match="X-Deadline-Seconds"):
        deadline_of({"x-deadline-seconds": text}, 0.0)


@pytest.mark.parametrize(
    ("headers", "found"),
    [({}, None), ({"x-request-id": ""}, None), ({"x-request-id": "a" * 129}, None)],
)
def test_a_request_id_is_short(headers: dict[str, str], found: str | None) -> None:
    assert request_id_of(headers) is found
    assert request_id_of({"x-request-id": "a" * 128}) == "a" * 128


class Caller:
    """The receiving side of a request whose body was read."""

    def __init__(self) -> None:
        self.hung_up = asyncio.Event()
        self.request = Request({"type": "http", "headers": []}, self.receive)

    async def receive(self) -> Any:
        await self.hung_up.wait()
        return {"type": "http.disconnect"}


def test_who_hangs_up_cancels_the_work() -> None:
    async def whole() -> None:
        caller, ended = Caller(), asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.sleep(3_600)
            finally:
                ended.set()

        replying = asyncio.create_task(unless_hung_up(caller.request, work()))
        await asyncio.sleep(0)
        caller.hung_up.set()
        with pytest.raises(HungUp):
            await replying
        await asyncio.wait_for(ended.wait(), timeout=10)

    asyncio.run(whole())


def test_who_stays_gets_the_result_or_the_error() -> None:
    async def whole() -> None:
        async def work(error: Exception | None) -> int:
            if error is not None:
                raise error
            return 7

        assert await unless_hung_up(Caller().request, work(None)) == 7
        with pytest.raises(ScoredTooLate):
            await unless_hung_up(Caller().request, work(ScoredTooLate(1.0)))
        await asyncio.sleep(0)
        # Nothing is left behind.
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(whole())


def test_a_cancelled_reply_cancels_the_work() -> None:
    """As when the server's grace is over."""

    async def whole() -> None:
        started, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            started.set()
            try:
                await asyncio.sleep(3_600)
            finally:
                ended.set()

        replying = asyncio.create_task(unless_hung_up(Caller().request, work()))
        await started.wait()
        replying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await replying
        await asyncio.wait_for(ended.wait(), timeout=10)

    asyncio.run(whole())


def test_what_was_asked_is_not_logged() -> None:
    try:
        AnswerRequest.model_validate({"question": "my secret", "choices": 1})
    except ValidationError:
        quoting = sys.exc_info()
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "failed", (), quoting)
    assert not NoQuestions().filter(record)
    assert NoQuestions().filter(logging.LogRecord("x", logging.ERROR, "x", 1, "failed", (), None))
