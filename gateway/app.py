"""Puts the front door together: routes, their problems, and what stands around them.

``POST /v1/answers`` asks the answerer of the plan's stable slot; ``GET /v1/models`` says
what is live; ``/healthz`` that the process runs; ``/readyz`` that a question would be
answered. Whoever starts the gateway hands in the plan, the transport and the source of
request ids. Source: https://fastapi.tiangolo.com/advanced/events/, RFC 9110 for statuses.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import httpx
from fastapi import Depends, FastAPI, Request
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from contracts.answers import AnswerReply, AnswerRequest, LiveVersion, LiveVersions, Problem
from contracts.errors import (
    AnswererAway,
    BadQuestion,
    PathNotFound,
    ProctorError,
    RequestMalformed,
    WrongMethod,
)
from contracts.shape import Shape
from gateway.asking import AnswererClient
from gateway.edge import BodyLimit, RequestIds
from gateway.openapi import API_VERSION, describe, problems
from gateway.plan import STABLE, Backend, PlanSource
from gateway.problems import printable, problem_of, respond
from gateway.reading import read_question

_METHOD_NOT_ALLOWED: Final = 405


class GatewaySettings(Shape):
    """Limits of one gateway process."""

    deadline_seconds: float = Field(default=10.0, gt=0.0, description="for one answer, whole")
    connect_seconds: float = Field(default=1.0, gt=0.0, description="to reach an answerer")
    most_connections: int = Field(default=100, ge=1, description="to answerers, at once")
    # The longest valid question is 170,000 characters, 12 bytes each where JSON escapes
    # them as surrogate pairs: no valid question is too large.
    largest_body_bytes: int = Field(default=2_097_152, ge=1, description="of a request")


class Health(Shape):
    status: str


class Door:
    """What the routes share: the plan, and the way to the answerers."""

    def __init__(self, plan: PlanSource, answerers: AnswererClient) -> None:
        self._plan = plan
        self._answerers = answerers

    def stable(self) -> Backend:
        """Raises ``AnswererAway`` when no version is live."""
        backend = self._plan.current().slots.get(STABLE)
        if backend is None:
            raise AnswererAway(STABLE, "no version is live")
        return backend

    async def answer(self, question: AnswerRequest, request_id: str) -> AnswerReply:
        answer = await self._answerers.ask(STABLE, self.stable(), question, request_id)
        return AnswerReply(**answer.model_dump(), request_id=request_id)

    def live(self) -> LiveVersions:
        slots = self._plan.current().slots
        return LiveVersions(
            versions=tuple(
                LiveVersion(**slots[slot].version.model_dump(), slot=slot)
                for slot in sorted(slots, key=lambda slot: (slot != STABLE, slot))
            )
        )

    async def check_ready(self) -> None:
        """Raises ``AnswererAway`` unless a question would be answered now."""
        if not await self._answerers.is_ready(self.stable()):
            raise AnswererAway(STABLE, "it is not ready")


def random_request_id() -> str:
    return uuid.uuid4().hex


def create_app(
    plan: PlanSource,
    *,
    settings: GatewaySettings | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    new_request_id: Callable[[], str] = random_request_id,
) -> FastAPI:
    """The gateway as an ASGI application. ``transport`` stands in for the network."""
    limits = settings or GatewaySettings()
    answerers = AnswererClient(
        deadline_seconds=limits.deadline_seconds,
        connect_seconds=limits.connect_seconds,
        most_connections=limits.most_connections,
        transport=transport,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await answerers.close()

    app = FastAPI(
        title="Proctor gateway",
        version=API_VERSION,
        summary="Answers multiple-choice questions about code, and says which version did.",
        lifespan=lifespan,
        redirect_slashes=False,
        # The interactive pages load scripts from another host; /openapi.json does not.
        docs_url=None,
        redoc_url=None,
    )
    _add_routes(app, Door(plan, answerers))
    app.add_exception_handler(ProctorError, _tell)
    app.add_exception_handler(HTTPException, _tell_http)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, limit_bytes=limits.largest_body_bytes)
    app.add_middleware(RequestIds, new_request_id=new_request_id)
    describe(app)
    return app


def _request_id(request: Request) -> str:
    return str(request.state.request_id)


def _add_routes(app: FastAPI, door: Door) -> None:
    @app.post(
        "/v1/answers",
        tags=["answers"],
        summary="Answer a question",
        responses=problems(400, 413, 415, 422, 500, 502, 503, 504),
    )
    async def answer(
        question: Annotated[AnswerRequest, Depends(read_question)],
        request_id: Annotated[str, Depends(_request_id)],
    ) -> AnswerReply:
        return await door.answer(question, request_id)

    @app.get(
        "/v1/models",
        tags=["models"],
        summary="Say which versions are live",
        responses=problems(500, 503),
    )
    async def models() -> LiveVersions:
        return door.live()

    @app.get("/healthz", tags=["health"], summary="Say that the process runs")
    async def healthz() -> Health:
        return Health(status="alive")

    @app.get(
        "/readyz",
        tags=["health"],
        summary="Say whether a question would be answered",
        responses=problems(500, 503),
    )
    async def readyz() -> Health:
        await door.check_ready()
        return Health(status="ready")


async def _tell(request: Request, error: Exception) -> Response:
    """A ``ProctorError`` as a problem."""
    if not isinstance(error, ProctorError):  # pragma: no cover - registered for nothing else
        raise error
    faults = error.faults if isinstance(error, BadQuestion) else ()
    return respond(problem_of(error, _request_id(request), faults))


async def _tell_http(request: Request, error: Exception) -> Response:
    """What Starlette's router says, as a problem."""
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for nothing else
        raise error
    path = printable(request.url.path)
    told: ProctorError
    if error.status_code == _METHOD_NOT_ALLOWED:
        told = WrongMethod(printable(request.method), path)
    elif error.status_code == PathNotFound.http_status:
        told = PathNotFound(path)
    else:
        told = RequestMalformed(str(error.detail))
    problem: Problem = problem_of(told, _request_id(request))
    headers: dict[str, Any] = dict(error.headers or {})
    return respond(problem, headers)
