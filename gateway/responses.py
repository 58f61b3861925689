"""Shapes as HTTP responses. A shape was checked when it was made, so FastAPI gets the bytes
and checks nothing a second time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from contracts.explanations import MEDIA_TYPE


def as_json(shape: BaseModel, status: int = 200) -> Response:
    return Response(shape.model_dump_json(), status_code=status, media_type="application/json")


class EventStream(StreamingResponse):
    """Server-sent events. Whatever ends the response, a caller that leaves or an error, the
    events' generator is closed with it."""

    media_type = MEDIA_TYPE

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        # The second is nginx's word for a reply that a proxy must not gather.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, headers=headers)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)
