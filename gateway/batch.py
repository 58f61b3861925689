"""``POST /v1/answers/batch``: up to 64 questions in, an answer or a problem for each out.

Each question is judged by itself: a bad one, or one that cannot be scored, spoils no other.
They have one caller, one deadline and one place in the cohorts; what the cache does not have
goes to a slot in one call. The reply is 200 whatever became of them.
"""

# FastAPI reads these annotations while running, and `entry` is no global: no future import.
from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from contracts.answers import AnswerReply, AnswerRequest, BatchItem, BatchReply, BatchRequest
from contracts.errors import BadQuestion, ProctorError
from gateway.admission import Lane
from gateway.asked import Asked
from gateway.entry import Entry
from gateway.leaving import while_there
from gateway.openapi import problems
from gateway.posed import Posed
from gateway.problems import faults_in_words, problem_of
from gateway.reading import read_as
from gateway.responses import as_json


class AnsweringEach(Protocol):
    """Answers questions together, by one deadline, each with its own outcome."""

    async def answer_each(
        self, questions: Sequence[Posed], asked: Asked
    ) -> list[AnswerReply | ProctorError]: ...


async def read_batch(request: Request) -> BatchRequest:
    """Raises as ``read_as`` does, ``BadQuestion`` (422) where it is no batch at all."""
    return await read_as(BatchRequest, request, BadQuestion)


def _posed(place: int, given: Any) -> Posed | BadQuestion:
    try:
        return Posed.of(AnswerRequest.model_validate(given), place)
    except ValidationError as error:
        return BadQuestion(*faults_in_words(error))


def _item(place: int, told: AnswerReply | ProctorError, request_id: str) -> BatchItem:
    if isinstance(told, AnswerReply):
        return BatchItem(item=place, answer=told)
    faults = told.faults if isinstance(told, BadQuestion) else ()
    return BatchItem(item=place, problem=problem_of(told, request_id, faults))


async def answer_batch(answering: AnsweringEach, batch: BatchRequest, asked: Asked) -> BatchReply:
    """``items[i]`` is about ``questions[i]``. Raises ``AnswererAway`` only where no plan was
    ever known."""
    read = [_posed(place, given) for place, given in enumerate(batch.questions)]
    sound = [one for one in read if isinstance(one, Posed)]
    replies = iter(await answering.answer_each(sound, asked) if sound else [])
    told = [one if isinstance(one, BadQuestion) else next(replies) for one in read]
    return BatchReply(
        request_id=asked.request_id,
        items=tuple(_item(place, one, asked.request_id) for place, one in enumerate(told)),
    )


def batch_routes(
    entry: Entry, answering: AnsweringEach, lane: Lane, *, deadline_seconds: float
) -> APIRouter:
    asks = entry.asks("answer", seconds=deadline_seconds, lane=lane)
    router = APIRouter(tags=["answers"])

    @router.post(
        "/v1/answers/batch",
        summary="Answer up to 64 questions",
        response_model=BatchReply,
        responses=problems(400, 401, 403, 408, 413, 415, 422, 429, 500, 503),
    )
    async def answers(
        request: Request,
        asked: Annotated[Asked, Depends(asks)],
        batch: Annotated[BatchRequest, Depends(read_batch)],
    ) -> Response:
        entry.widen(request, asked, len(batch.questions))
        work = answer_batch(answering, batch, asked)
        return as_json(await while_there(request.receive, work))

    return router
