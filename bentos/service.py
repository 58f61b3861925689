"""The service that BentoML loads out of a bento.

``POST /answer`` takes ``contracts.answers.AnswerRequest`` and gives ``Answer``; ``POST
/answers`` takes up to 64 of them and gives an answer or a problem for each, in order;
``POST /explain`` takes one and gives server-sent events (``contracts.explanations``); ``POST
/card`` tells the version, what it was judged by, its size and limits. A question that
is not answered is a problem (RFC 9457): 422 where the version cannot score it, 503 with
Retry-After where too many wait, 504 where its deadline (``X-Deadline-Seconds``) passed before
its turn. A body that is not JSON is a problem, too (415), one of another shape BentoML's own
400. ``/livez``, ``/readyz`` and ``/metrics``
are BentoML's.

One worker, whose threads are those of the machine: one batcher sees every question, and the
weights are in memory once. ``bentos.run`` serves it; ``bentoml serve`` does, too.

The packed checkpoint is compared with its recorded digest before anything is served: a changed
byte ends the process with one line that says so.
Source: https://docs.bentoml.com (services, lifecycle hooks, model aliases).
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import bentoml
from bentoml.validators import ContentType
from starlette.responses import Response

from bentos.environment import QUIET
from bentos.explaining_limits import read_limits
from bentos.json_only import JsonOnly
from bentos.orphans import end_when_orphaned
from bentos.packed import CHECKPOINT_FOLDER, MODEL_ALIAS, check_packed
from bentos.replies import (
    HUNG_UP_STATUS,
    REQUEST_ID_HEADER,
    EventStream,
    HungUp,
    NoQuestions,
    deadline_of,
    problem_headers,
    problem_of,
    problem_response,
    request_id_of,
    unless_hung_up,
)
from bentos.sizing import read_size
from contracts.answers import Answer, AnswerRequest, AnswersReply, BatchRequest
from contracts.errors import ProctorError
from contracts.explanations import MEDIA_TYPE
from contracts.model_card import ModelCard

# Beyond the deadline that bentos.replies sets where a caller sets none.
_TIMEOUT_SECONDS: Final = 75


def packed_folder() -> Path:
    """Where BentoML keeps the model of the bento that is being served."""
    return Path(bentoml.models.get(MODEL_ALIAS).path)


@bentoml.service(
    name="answerer",
    workers=1,
    traffic={"timeout": _TIMEOUT_SECONDS},
    # Who asked what is the gateway's to log.
    logging={"access": {"enabled": False}},
    envs=[{"name": name, "value": value} for name, value in QUIET.items()],
)
class Answerer:
    """Answers with the one version that its bento carries."""

    def __init__(self) -> None:
        if bentoml.server_context.worker_index is not None:
            end_when_orphaned()
        logging.getLogger("bentoml._internal.server.http_app").addFilter(NoQuestions())
        # Torch is loaded in the worker only; a process that watches it stays small.
        from bentos.answering import Answering
        from bentos.explaining import Explaining, writer_of
        from bentos.metrics import Metrics

        size, folder = read_size(os.environ), packed_folder()
        self._answering = answering = Answering.load(folder, size, watcher=Metrics())
        model = answering.scorer.scorer.model
        self._explaining = Explaining(
            writer_of(model, folder / CHECKPOINT_FOLDER, answering.facts),
            answering.batcher,
            answering.answer,
            limits=read_limits(os.environ),
            clock=answering.clock,
        )

    @bentoml.on_deployment  # type: ignore[untyped-decorator] # BentoML is not followed
    @staticmethod
    def check_before_start() -> None:
        """Runs once, before any worker: nothing is served from altered bytes."""
        try:
            read_size(os.environ)
            read_limits(os.environ)
            check_packed(packed_folder())
        except ProctorError as error:
            sys.exit(f"answerer refuses to start: {error}")

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def warm_up(self) -> None:
        """Before ``/readyz`` says ready."""
        await self._answering.warm_up()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def end(self) -> None:
        await self._answering.end()

    @bentoml.api  # type: ignore[untyped-decorator]
    async def answer(self, request: AnswerRequest, /, ctx: bentoml.Context) -> Answer:
        """Answer one question."""
        replied: Answer = await self._reply(
            ctx, lambda ends_at: self._answering.answer(request, ends_at)
        )
        return replied

    @bentoml.api  # type: ignore[untyped-decorator]
    async def answers(self, request: BatchRequest, /, ctx: bentoml.Context) -> AnswersReply:
        """Answer each of up to 64 questions, or say why not."""
        request_id = request_id_of(ctx.request.headers)

        async def every(ends_at: float) -> AnswersReply:
            done = await self._answering.answers(request.questions, ends_at)
            return AnswersReply(
                answers=tuple(
                    problem_of(one, request_id) if isinstance(one, ProctorError) else one
                    for one in done
                )
            )

        replied: AnswersReply = await self._reply(ctx, every)
        return replied

    @bentoml.api  # type: ignore[untyped-decorator]
    async def explain(
        self, request: AnswerRequest, /, ctx: bentoml.Context
    ) -> Annotated[str, ContentType(MEDIA_TYPE)]:
        """Answer one question and explain it, as server-sent events."""

        async def begun(ends_at: float) -> EventStream:
            return EventStream(await self._explaining.begin(request, ends_at))

        stream: str = await self._reply(ctx, begun)  # BentoML passes a response on as it is
        return stream

    @bentoml.api  # type: ignore[untyped-decorator]
    async def card(self) -> ModelCard:
        """Tell the version, what it was judged by, its size and its limits."""
        return self._answering.card()

    async def _reply(self, ctx: Any, deed: Callable[[float], Coroutine[Any, Any, Any]]) -> Any:
        """What ``deed`` gives within the caller's deadline, unless the caller hangs up."""
        request = ctx.request
        request_id = request_id_of(request.headers)
        if request_id is not None:
            ctx.response.headers[REQUEST_ID_HEADER] = request_id
        try:
            ends_at = deadline_of(request.headers, self._answering.clock())
            return await unless_hung_up(request, deed(ends_at))
        except HungUp:
            ctx.response.status_code = HUNG_UP_STATUS
            return Response(status_code=HUNG_UP_STATUS)
        except ProctorError as error:
            # BentoML passes a response on as it is, but for status and headers: the context's.
            ctx.response.status_code = error.http_status
            ctx.response.headers.update(problem_headers(error))
            return problem_response(error, request_id)


Answerer.add_asgi_middleware(JsonOnly)  # type: ignore[attr-defined] # a BentoML service now
