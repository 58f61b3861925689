"""``POST /v1/feedback``: what a caller found out about an answer, kept before it is acknowledged.

Only the key that asked may say something of an answer, and it needs the scope ``feedback``.
"""

# FastAPI reads these annotations while running, and `entry` is no global: no future import.
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from contracts.answers import FeedbackReply, FeedbackRequest
from contracts.errors import AnswerLogAway, BadFeedback, StorageFull
from gateway.asked import Asked
from gateway.entry import Entry
from gateway.openapi import problems
from gateway.reading import read_as
from gateway.recording import Recorder
from gateway.responses import as_json


async def read_feedback(request: Request) -> FeedbackRequest:
    """Raises as ``read_as`` does, ``BadFeedback`` (422) among it."""
    return await read_as(FeedbackRequest, request, BadFeedback)


async def keep(recorder: Recorder, key_id: str, given: FeedbackRequest) -> FeedbackReply:
    """As ``Recorder.feedback``. Where the log lies is no caller's matter: its own warning
    says so to those who run the gateway."""
    try:
        return await recorder.feedback(key_id, given)
    except StorageFull as fault:
        raise StorageFull(Path("the answer log")) from fault
    except AnswerLogAway as fault:
        raise AnswerLogAway("this gateway", "it cannot be written now") from fault


def feedback_routes(entry: Entry, recorder: Recorder, *, deadline_seconds: float) -> APIRouter:
    router = APIRouter(tags=["feedback"])

    @router.post(
        "/v1/feedback",
        summary="Say whether an answer was right",
        response_model=FeedbackReply,
        responses=problems(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503),
    )
    async def feedback(
        asked: Annotated[Asked, Depends(entry.asks("feedback", seconds=deadline_seconds))],
        given: Annotated[FeedbackRequest, Depends(read_feedback)],
    ) -> Response:
        return as_json(await keep(recorder, asked.caller.key.id, given))

    return router
