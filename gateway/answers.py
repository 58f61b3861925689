"""``POST /v1/answers``: one question in, one answer out."""

# FastAPI reads these annotations while running, and `entry` is no global: no future import.
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from contracts.answers import AnswerReply, AnswerRequest
from gateway.admission import Lane
from gateway.asked import Asked
from gateway.entry import Entry
from gateway.leaving import while_there
from gateway.openapi import problems
from gateway.reading import read_question
from gateway.responses import as_json


class Answering(Protocol):
    """Answers a question before the caller's deadline.

    Raises ``AnswererAway``, ``AnswererBroken``, ``DeadlinePassed``, ``QuestionNotScored``."""

    async def answer(self, question: AnswerRequest, asked: Asked) -> AnswerReply: ...


def answer_routes(
    entry: Entry, answering: Answering, lane: Lane, *, deadline_seconds: float
) -> APIRouter:
    asks = entry.asks("answer", seconds=deadline_seconds, lane=lane)
    router = APIRouter(tags=["answers"])

    @router.post(
        "/v1/answers",
        summary="Answer a question",
        response_model=AnswerReply,
        responses=problems(400, 401, 403, 408, 413, 415, 422, 429, 500, 502, 503, 504),
    )
    async def answer(request: Request, asked: Annotated[Asked, Depends(asks)]) -> Response:
        question = await read_question(request)
        reply = await while_there(request.receive, answering.answer(question, asked))
        notes = asked.notes
        notes.version, notes.cached, notes.fallback = reply.version, reply.cached, reply.fallback
        return as_json(reply)

    return router
