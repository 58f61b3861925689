"""An answerer without a model: the same HTTP contract, made-up probabilities.

For tests, and for trying the gateway where no torch is installed. It passes the contract
tests of the real one (``tests/bentos/test_contract.py``). The same question always gets the same
answer; ``fault`` makes it misbehave in one of the ways that an answerer can.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, Final, Literal

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from contracts.answers import Answer, AnsweredBy, AnswerRequest, Problem
from contracts.digests import canonical_json, digest_of_bytes
from contracts.errors import QuestionNotScored
from contracts.models import VersionFacts
from contracts.questions import letters_for

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
_STATUSES: Final[dict[str, int]] = {"fails": 500, "overloaded": 503, "refuses-silently": 422}


class FakeAnswerer:
    """An ASGI application. ``fault`` may be set at any time; ``asked`` counts questions;
    what is longer than ``longest_characters`` it cannot score."""

    def __init__(
        self, facts: VersionFacts, *, fault: Fault | None = None, longest_characters: int = 2_000
    ) -> None:
        self.facts = facts
        self.fault = fault
        self.longest_characters = longest_characters
        self.asked = 0
        self.app = Starlette(
            routes=[
                Route("/answer", self._answer, methods=["POST"]),
                Route("/card", self._card, methods=["POST"]),
                Route("/readyz", self._probe),
                Route("/livez", self._probe),
            ]
        )

    async def _probe(self, request: Request) -> Response:
        unready = self.fault == "overloaded" and request.url.path == "/readyz"
        return PlainTextResponse("\n", status_code=503 if unready else 200)

    async def _card(self, _: Request) -> Response:
        return JSONResponse(self.facts.model_dump(mode="json"))

    async def _answer(self, request: Request) -> Response:
        self.asked += 1
        body = await request.body()
        try:
            question = AnswerRequest.model_validate_json(body)
        except ValidationError as error:
            return JSONResponse({"error": str(error.error_count()), "detail": []}, status_code=400)
        if len(question.question) + len(question.code or "") > self.longest_characters:
            return _not_scored(f"more than {self.longest_characters} characters do not fit")
        answer = self.made_up(question)
        if self.fault is not None:
            return await self._misbehave(self.fault, answer)
        return JSONResponse(answer.model_dump(mode="json"))

    def made_up(self, question: AnswerRequest) -> Answer:
        """Weights from a hash of question and choice, so that nothing is random."""
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

    async def _misbehave(self, fault: Fault, answer: Answer) -> Response:
        if fault == "hangs":
            await asyncio.sleep(_HOURS)
        if fault == "not-json":
            return PlainTextResponse("<html>")
        if fault in _STATUSES:
            return JSONResponse({"error": fault}, status_code=_STATUSES[fault])
        return JSONResponse(_spoilt(fault, answer.model_dump(mode="json")))


def _spoilt(fault: Fault, plain: dict[str, Any]) -> dict[str, Any]:
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


def _not_scored(reason: str) -> Response:
    error = QuestionNotScored(reason)
    problem = Problem(
        type=f"/problems/{error.slug}",
        title=error.title,
        status=error.http_status,
        detail=str(error),
        errors=(reason,),
    )
    return JSONResponse(
        problem.model_dump(mode="json", exclude_defaults=True),
        status_code=error.http_status,
        media_type="application/problem+json",
    )
