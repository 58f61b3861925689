"""An answerer without a model: the same HTTP contract, made-up probabilities.

For tests, and for trying the gateway where no torch is installed. It passes the contract
tests of the real one (``tests/bentos/test_contract.py``). The same question always gets the same
answer; ``fault`` makes it misbehave in one of the ways that an answerer can.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from contracts.answers import (
    MOST_IN_A_BATCH,
    Answer,
    AnsweredBy,
    AnswerRequest,
    AnswersReply,
    BatchRequest,
    Problem,
)
from contracts.digests import canonical_json, digest_of_bytes
from contracts.errors import (
    BadParams,
    BadQuestion,
    CannotWrite,
    Overloaded,
    ProctorError,
    QuestionNotScored,
    ScoredTooLate,
    WrongMediaType,
)
from contracts.faults import every_fault
from contracts.model_card import AnswererLimits, ModelCard, ModelSize, Scoring
from contracts.models import VersionFacts
from contracts.questions import MOST_CHOICES, letters_for
from gateway.fake_explanations import CANNOT_WRITE, WritingFault, explained, explanation_of

Fault = Literal[
    "hangs",
    "fails",
    "overloaded",
    "not-json",
    "not-an-answer",
    "endless",
    "missing-letter",
    "wrong-letter",
    "wrong-sum",
    "other-version",
    "refuses-silently",
]
_HOURS: Final = 3_600.0
_STATUSES: Final[dict[str, int]] = {"fails": 500, "refuses-silently": 422}
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


class FakeAnswerer:
    """An ASGI application. ``fault`` may be set at any time; ``asked`` counts questions;
    what is longer than ``longest_characters`` it cannot score."""

    def __init__(
        self,
        facts: VersionFacts,
        *,
        fault: Fault | WritingFault | None = None,
        longest_characters: int = 2_000,
    ) -> None:
        self.facts = facts
        self.fault = fault
        self.longest_characters = longest_characters
        self.asked = 0
        self.app = Starlette(
            routes=[
                Route("/answer", self._answer, methods=["POST"]),
                Route("/answers", self._answers, methods=["POST"]),
                Route("/explain", self._explain, methods=["POST"]),
                Route("/card", self._card, methods=["POST"]),
                Route("/readyz", self._probe),
                Route("/livez", self._probe),
            ]
        )

    async def _probe(self, request: Request) -> Response:
        unready = self.fault == "overloaded" and request.url.path == "/readyz"
        return PlainTextResponse("\n", status_code=503 if unready else 200)

    async def _card(self, request: Request) -> Response:
        if (refused := _refused_type(request)) is not None:
            return refused
        card = ModelCard(
            version=self.facts,
            size=ModelSize(
                parameters=0, weights_bytes=0, context_tokens=max(1, self.longest_characters)
            ),
            limits=AnswererLimits(
                choices=MOST_CHOICES,
                questions_in_a_request=MOST_IN_A_BATCH,
                batch_tokens=1,
                waiting=1,
            ),
            scoring=Scoring(device="none", precision="none", threads=1, prefix_tokens=0),
        )
        return JSONResponse(card.model_dump(mode="json"))

    async def _answer(self, request: Request) -> Response:
        self.asked += 1
        if (refused := _refused_type(request)) is not None:
            return refused
        body = await request.body()
        try:
            question = AnswerRequest.model_validate_json(body)
        except ValidationError as error:
            return _malformed(error)
        try:
            _check_deadline(request.headers)
            answer = self.made_up(question)
            if self.fault == "overloaded":
                raise Overloaded("256 questions wait here already", retry_after_seconds=1.0)
        except ProctorError as error:
            return _refused(error, request.headers.get("x-request-id"))
        reply = (
            JSONResponse(answer.model_dump(mode="json"))
            if self.fault is None
            else await self._misbehave(self.fault, answer)
        )
        reply.headers.update(_echoed(request.headers))
        return reply

    async def _answers(self, request: Request) -> Response:
        if (refused := _refused_type(request)) is not None:
            return refused
        body = await request.body()
        try:
            asked = BatchRequest.model_validate_json(body)
        except ValidationError as error:
            return _malformed(error)
        self.asked += len(asked.questions)
        request_id = request.headers.get("x-request-id")
        given = tuple(self._one(one, request.headers) for one in asked.questions)
        reply = AnswersReply(
            answers=tuple(
                _problem_of(one, request_id) if isinstance(one, ProctorError) else one
                for one in given
            )
        )
        plain = reply.model_dump(mode="json")
        if self.fault is not None and any(isinstance(one, Answer) for one in given):
            if self.fault == "overloaded":
                full = Overloaded("256 questions wait here already", retry_after_seconds=1.0)
                return _refused(full, request_id)
            if (whole := await self._whole_reply(self.fault)) is not None:
                return whole
            plain["answers"] = [
                _spoilt(self.fault, item) if isinstance(one, Answer) else item
                for one, item in zip(given, plain["answers"], strict=True)
            ]
        return JSONResponse(plain, headers=_echoed(request.headers))

    def _one(self, given: Any, headers: Mapping[str, str]) -> Answer | ProctorError:
        try:
            question = AnswerRequest.model_validate(given)
            _check_deadline(headers)
            return self.made_up(question)
        except ValidationError as error:
            return BadQuestion(*every_fault(error))
        except ProctorError as error:
            return error

    async def _explain(self, request: Request) -> Response:
        """As an answer that is told as the first event, where there is one."""
        answered = await self._answer(request)
        if answered.status_code != HTTPStatus.OK:
            return answered
        if self.fault == "cannot-write":
            return _refused(CANNOT_WRITE, request.headers.get("x-request-id"))
        question = AnswerRequest.model_validate_json(await request.body())
        whole = explanation_of(self.made_up(question))
        stream = explained(bytes(answered.body), whole, self.fault)
        stream.headers.update(_echoed(request.headers))
        return stream

    def made_up(self, question: AnswerRequest) -> Answer:
        """Weights from a hash of question and choice, so that nothing is random. Raises
        ``QuestionNotScored`` for what is too long."""
        if len(question.question) + len(question.code or "") > self.longest_characters:
            raise QuestionNotScored(f"more than {self.longest_characters} characters do not fit")
        text = canonical_json(question.model_dump(mode="json"))
        letters = letters_for(len(question.choices))
        weights = [
            1 + int.from_bytes(hashlib.sha256(f"{text}{letter}".encode()).digest()[:2])
            for letter in letters
        ]
        shares = [weight / sum(weights) for weight in weights]
        return Answer.model_validate(
            {
                "letter": letters[shares.index(max(shares))],
                "probabilities": dict(zip(letters, shares, strict=True)),
                "confidence": max(shares),
                "version": AnsweredBy.of(self.facts),
            }
        )

    async def _misbehave(self, fault: Fault | WritingFault, answer: Answer) -> Response:
        whole = await self._whole_reply(fault)
        return whole or JSONResponse(_spoilt(fault, answer.model_dump(mode="json")))

    async def _whole_reply(self, fault: Fault | WritingFault) -> Response | None:
        """What a fault makes of a whole reply; ``None`` where it spoils single answers."""
        if fault == "hangs":
            await asyncio.sleep(_HOURS)
        if fault == "not-json":
            return PlainTextResponse("<html>")
        if fault in _STATUSES:
            return JSONResponse({"error": fault}, status_code=_STATUSES[fault])
        return None


def _spoilt(fault: Fault | WritingFault, plain: dict[str, Any]) -> dict[str, Any]:
    """A reply with status 200 that nobody should believe."""
    shares = plain["probabilities"]
    match fault:
        case "not-an-answer":
            del plain["confidence"]
        case "endless":
            plain["letter"] = "A" * 100_000
        case "missing-letter":
            shares.popitem()
        case "wrong-letter":
            plain["letter"] = min(shares, key=shares.get)
        case "wrong-sum":
            plain["probabilities"] = dict.fromkeys(shares, 0.9)
        case "other-version":
            plain["version"]["digest"] = digest_of_bytes(b"another version")
    return plain


def _check_deadline(headers: Mapping[str, str]) -> None:
    """Raises ``BadParams`` for what is no number, ``ScoredTooLate`` when it has passed."""
    given = headers.get("x-deadline-seconds", "60")
    if not _NUMBER.fullmatch(given):
        raise BadParams("the header X-Deadline-Seconds", f"{given[:40]!r} is no number of seconds.")
    if float(given) <= 0:
        raise ScoredTooLate(0.0)


def _refused_type(request: Request) -> Response | None:
    """A refusal of what says that it is not JSON."""
    given = request.headers.get("content-type", "application/json")
    if given.partition(";")[0].strip().lower() == "application/json":
        return None
    return _refused(WrongMediaType(given), request.headers.get("x-request-id"))


def _echoed(headers: Mapping[str, str]) -> dict[str, str]:
    given = headers.get("x-request-id")
    return {} if given is None else {"X-Request-Id": given}


def _malformed(error: ValidationError) -> Response:
    """As BentoML answers a body of another shape."""
    return JSONResponse({"error": str(error.error_count()), "detail": []}, status_code=400)


def _problem_of(error: ProctorError, request_id: str | None) -> Problem:
    reasons = (error.reason,) if isinstance(error, QuestionNotScored | CannotWrite) else ()
    return Problem(
        type=f"/problems/{error.slug}",
        title=error.title,
        status=error.http_status,
        detail=str(error),
        request_id=request_id,
        errors=error.faults if isinstance(error, BadQuestion) else reasons,
    )


def _refused(error: ProctorError, request_id: str | None) -> Response:
    headers = {} if request_id is None else {"X-Request-Id": request_id}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
    return JSONResponse(
        _problem_of(error, request_id).model_dump(mode="json", exclude_defaults=True),
        status_code=error.http_status,
        media_type="application/problem+json",
        headers=headers,
    )
