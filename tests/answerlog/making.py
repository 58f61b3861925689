"""Lines of the log as tests need them, and stores to keep them in."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from answerlog.records import AnswerRecord, Line, Pair, caller_hash, question_digest
from contracts.answers import AnswerRequest, FeedbackRequest
from contracts.digests import digest_of_bytes
from contracts.questions import LETTERS
from contracts.times import stamp

START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
QUESTION = AnswerRequest(
    question="What does this code print?", code="print('ab' * 2)", choices=("abab", "aabb", "ab")
)
KEY = "k1"


def record(request_id: str = "r1", *, letter: str | None = "A", **changed: Any) -> AnswerRecord:
    """A live answer of the stable slot; without ``letter``, one that failed."""
    question = changed.pop("question", QUESTION)
    choices = len(question.choices)
    given: dict[str, Any] = {
        "request_id": request_id,
        "at": stamp(START),
        "key_id": KEY,
        "caller": caller_hash("header", "ada"),
        "caller_source": "header",
        "slot": "stable",
        "assigned": "stable",
        "role": "live",
        "model": "coding-mcqa",
        "version": "3",
        "digest": digest_of_bytes(b"weights"),
        "choices": choices,
        "question_digest": question_digest(question),
        "question": question,
        "latency_seconds": 0.0125,
        "salt": "rollout-1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    if letter is None:
        given |= {"outcome": "failed", "problem": "deadline-passed"}
    else:
        place = LETTERS.index(letter)
        given |= {
            "outcome": "answered",
            "letter": letter,
            "confidence": 0.5,
            "probabilities": tuple(
                0.5 if number == place else 0.5 / (choices - 1) for number in range(choices)
            ),
        }
    return AnswerRecord(**(given | changed))


def shadow(request_id: str = "r1", **changed: Any) -> AnswerRecord:
    """What the canary made of a copy."""
    return record(request_id, **{"slot": "canary", "version": "4", "role": "shadow", **changed})


def right(letter: str, request_id: str = "r1", item: int = 0) -> FeedbackRequest:
    return FeedbackRequest.model_validate(
        {"request_id": request_id, "item": item, "letter": letter}
    )


def thumbs(way: str, request_id: str = "r1") -> FeedbackRequest:
    return FeedbackRequest.model_validate({"request_id": request_id, "thumbs": way})


def ids(lines: Sequence[Line]) -> list[str]:
    return [line.record.request_id for line in lines]


def both(pair: Pair) -> tuple[str, str | None, str | None]:
    return pair.live.record.request_id, pair.live.record.letter, pair.shadow.record.letter


class Clock:
    """A clock that stands still until it is moved: seconds for who wants monotonic time,
    a date for who wants one."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def date(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


def warnings_of(caplog: Any) -> list[str]:
    return [
        one.getMessage()
        for one in caplog.records
        if one.name == "answerlog" and one.levelno >= logging.WARNING
    ]
