"""``POST /v1/explanations``: one question in, an answer and its reasons out, as they are written.

What an answerer streams is passed on event by event, as soon as it is there. Each event is
checked and written anew: the scored answer as answers are, every other one for its shape, the
last for being about what was streamed. What goes wrong before the first event is a problem with
its status, unless stable can still stand in for the canary; later it is the last event. The
scored answer goes into the answer log.

Three bounds of time: a first event, and a next sign of life (an event or a comment), within
``event_seconds`` each, and the whole within the request's deadline. One of size. A caller that
goes away has the connection to the answerer closed, which ends the writing. The same answerer
is never asked twice. The connections are a pool of their own: explanations take long, and
answers shall not wait for them.
Source: https://www.python-httpx.org/async/ (streaming), and as ``contracts.event_stream``.
"""

# FastAPI reads these annotations while running, and `entry` is no global: no future import.
import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final, Protocol, cast

import httpx
from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.responses import Response, StreamingResponse

from contracts.answers import Answer, AnswerRequest, Problem
from contracts.errors import (
    AnswererAway,
    AnswererBroken,
    CannotWrite,
    DeadlinePassed,
    Overloaded,
    ProctorError,
)
from contracts.event_stream import (
    COMMENT,
    SHAPES,
    Event,
    EventReader,
    EventTooLarge,
    event_bytes,
)
from contracts.explanations import MEDIA_TYPE, EventKind, Explanation, ExplanationText
from contracts.shape import Shape
from gateway.admission import Lane
from gateway.asked import Asked
from gateway.entry import DEADLINE_HEADER, Entry
from gateway.lines import Turn
from gateway.once import Outcome
from gateway.openapi import problems
from gateway.plan import Backend
from gateway.posed import Posed
from gateway.problems import REQUEST_ID_HEADER, problem_of
from gateway.reading import read_question
from gateway.replies import ReplyReader
from gateway.responses import EventStream
from gateway.spans import Spans
from gateway.tracing import TRACE_HEADER, TRACE_STATE_HEADER

LARGEST_STREAM_BYTES: Final = 1_048_576
_LARGEST_EVENT_BYTES: Final = 262_144
_LARGEST_REFUSAL_BYTES: Final = 65_536
_SOON_SECONDS: Final = 1.0
_log: Final = logging.getLogger("gateway")


class Turns(Protocol):
    """Who explains, and what becomes of it (``gateway.routing.Router``)."""

    def turns_to_explain(self, asked: Asked) -> list[Turn]: ...
    def explainer(self, turn: Turn) -> Backend: ...
    def explained(self, turn: Turn, posed: Posed, outcome: Outcome) -> None: ...


class Explaining(Protocol):
    """Begins an explanation: the first of its events is known when this returns.

    Raises ``AnswererAway``, ``AnswererBroken``, ``CannotWrite``, ``DeadlinePassed``,
    ``Overloaded``, ``QuestionNotScored``."""

    async def begin(self, question: AnswerRequest, asked: Asked) -> AsyncGenerator[bytes]: ...


class Explainers:
    """Asks answerers for explanations. Close it when done. ``transport`` stands in for the
    network."""

    def __init__(
        self,
        turns: Turns,
        *,
        event_seconds: float,
        connect_seconds: float,
        most_connections: int,
        spans: Spans | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._turns = turns
        self._spans = spans or Spans()
        self._event_seconds = event_seconds
        self._client = httpx.AsyncClient(
            transport=transport,
            # How long anything else may take is bounded here, event by event.
            timeout=httpx.Timeout(None, connect=connect_seconds, pool=connect_seconds),
            limits=httpx.Limits(max_connections=most_connections, max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,  # answerers are neighbours: no proxy stands between
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def begin(self, question: AnswerRequest, asked: Asked) -> AsyncGenerator[bytes]:
        posed = Posed.of(question)
        turns = self._turns.turns_to_explain(asked)
        while True:
            turn = turns.pop(0)
            began = asked.deadline.clock()
            try:
                backend = self._turns.explainer(turn)
                # The span ends with the first event: what follows is the model's time.
                with self._spans.ask(asked, turn.slot) as trace:
                    relay = _Relay(self._client, turn, backend, posed, trace, self._event_seconds)
                    events = relay.events()
                    first = await anext(events)
            except ProctorError as error:
                self._turns.explained(turn, posed, Outcome(error, asked.deadline.clock() - began))
                if not turns:
                    raise
            else:
                seconds = asked.deadline.clock() - began
                self._turns.explained(turn, posed, Outcome(relay.scored, seconds))
                return _resumed(first, events)


async def _resumed(first: bytes, events: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(events):
        yield first
        async for event in events:
            yield event


class _Relay:
    """One explanation on its way from an answerer to a caller."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        turn: Turn,
        backend: Backend,
        posed: Posed,
        trace: str,
        event_seconds: float,
    ) -> None:
        self._client = client
        self._slot = turn.slot
        self._backend = backend
        self._posed = posed
        self._asked = asked = turn.asked
        self._trace = trace
        self._event_seconds = event_seconds
        self._replies = ReplyReader(turn.slot, backend, asked.deadline)
        # The first event comes as soon as an answer would.
        self._first_by = asked.deadline.clock() + event_seconds
        self._scored: Answer | None = None
        self._text: list[str] = []

    @property
    def scored(self) -> Answer:
        """What the explanation began with; not before its first event."""
        if self._scored is None:
            raise ValueError("nothing was told yet")
        return self._scored

    async def events(self) -> AsyncGenerator[bytes]:
        """Raises only before the first."""
        try:
            async with aclosing(self._relayed()) as relayed:
                async for event in relayed:
                    yield event
        except ProctorError as error:
            if self._scored is None:
                raise
            _log.warning("explanation %s broke off: %s", self._asked.request_id, error)
            yield event_bytes("problem", problem_of(error, self._asked.request_id))

    async def _relayed(self) -> AsyncGenerator[bytes]:
        reply = await self._within(self._sent())
        try:
            if reply.status_code != httpx.codes.OK:
                raise await self._within(self._refusal(reply))
            if reply.headers.get("content-type", "").partition(";")[0] != MEDIA_TYPE:
                raise AnswererBroken(self._slot, "its reply is no stream of events")
            async with aclosing(self._told(reply)) as told:
                async for event in told:
                    yield event
        finally:
            await reply.aclose()

    async def _told(self, reply: httpx.Response) -> AsyncGenerator[bytes]:
        """The stream's events, checked and written anew, up to the last of an explanation."""
        reader = EventReader(largest_bytes=_LARGEST_EVENT_BYTES)
        pieces = cast("AsyncGenerator[bytes]", reply.aiter_raw())
        size_bytes = 0
        while True:
            piece = await self._within(self._next(pieces))
            size_bytes += len(piece)
            if size_bytes > LARGEST_STREAM_BYTES:
                raise AnswererBroken(self._slot, "its explanation has no end")
            try:
                events = reader.feed(piece)
            except EventTooLarge as error:
                raise AnswererBroken(self._slot, str(error)) from error
            for event in events:
                shape = self._checked(event)
                kind = cast("EventKind", event.kind)
                yield event_bytes(kind, shape)
                if kind in {"explanation", "problem"}:
                    return
            if not events and self._scored is not None:
                yield COMMENT  # a sign of life, for whoever stands between

    # ------------------------------------------------------------ asking

    async def _sent(self) -> httpx.Response:
        seconds = min(self._event_seconds, self._asked.deadline.remaining_seconds)
        headers = {
            "Content-Type": "application/json",
            "Accept": MEDIA_TYPE,
            REQUEST_ID_HEADER: self._asked.request_id,
            TRACE_HEADER: self._trace,
            DEADLINE_HEADER: f"{seconds:.3f}",
        }
        if self._asked.trace_state:
            headers[TRACE_STATE_HEADER] = self._asked.trace_state
        request = self._client.build_request(
            "POST", f"{self._backend.url}/explain", content=self._posed.body, headers=headers
        )
        try:
            return await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise AnswererAway(self._slot, "nothing listens there") from error
        except httpx.PoolTimeout as error:
            raise AnswererAway(self._slot, "too many explanations are under way") from error
        except httpx.HTTPError as error:
            raise AnswererAway(self._slot, "it broke the connection") from error

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes:
        try:
            return await anext(pieces)
        except StopAsyncIteration:
            raise AnswererBroken(self._slot, "its explanation breaks off") from None
        except httpx.HTTPError as error:
            raise AnswererAway(self._slot, "it broke the connection") from error

    async def _within(self, deed: Any) -> Any:
        """The result of ``deed`` (a coroutine), if it comes before the next event is due.
        Raises ``DeadlinePassed``."""
        deadline = self._asked.deadline
        seconds = self._event_seconds
        if self._scored is None:
            seconds = max(0.0, self._first_by - deadline.clock())
        whole = deadline.remaining_seconds <= seconds
        try:
            async with asyncio.timeout(min(seconds, deadline.remaining_seconds)):
                return await deed
        except TimeoutError as error:
            told = deadline.seconds if whole else self._event_seconds
            raise DeadlinePassed(self._slot, told) from error

    # ------------------------------------------------------------ believing

    async def _refusal(self, reply: httpx.Response) -> ProctorError:
        """What a status other than 200 means here."""
        body = b""
        try:
            async for piece in reply.aiter_raw():
                body += piece
                if len(body) > _LARGEST_REFUSAL_BYTES:
                    return AnswererBroken(self._slot, "its reply has no end")
        except httpx.HTTPError:
            return AnswererAway(self._slot, "it broke the connection")
        try:
            problem = Problem.model_validate_json(body)
        except ValidationError:
            problem = None
        if problem is not None and problem.type == f"/problems/{CannotWrite.slug}":
            reason = "; ".join(problem.errors) or problem.title
            return CannotWrite("explain", reason, mend="Ask for the answer alone.")
        if problem is not None and problem.type == f"/problems/{Overloaded.slug}":
            after = reply.headers.get("retry-after", "")
            seconds = float(after) if after.isdecimal() else _SOON_SECONDS
            reason = f"slot {self._slot} writes as many explanations as it can"
            return Overloaded(reason, retry_after_seconds=seconds)
        (told,) = self._replies.read([self._posed], reply.status_code, body)
        if isinstance(told, Answer):  # pragma: no cover - of another status there is none
            return AnswererBroken(self._slot, f"it answered with status {reply.status_code}")
        return told

    def _checked(self, event: Event) -> Shape:
        """The data of ``event``. Raises ``AnswererBroken`` for what it cannot be."""
        if event.kind == "scored" and self._scored is None:
            return self._first(event.data)
        if event.kind not in SHAPES:
            raise AnswererBroken(self._slot, "an event of its explanation has no known kind")
        try:
            data = SHAPES[cast("EventKind", event.kind)].model_validate_json(event.data)
        except ValidationError as error:
            reason = f"its event {event.kind} has not the shape of one"
            raise AnswererBroken(self._slot, reason) from error
        if isinstance(data, Answer) or self._scored is None:
            raise AnswererBroken(self._slot, "its explanation does not begin with one answer")
        if isinstance(data, ExplanationText):
            self._text.append(data.text)
        if isinstance(data, Explanation):
            streamed = (self._scored, "".join(self._text))
            if (data.scored, data.text) != streamed:
                raise AnswererBroken(self._slot, "its explanation is not what it streamed")
        if isinstance(data, Problem):
            return data.model_copy(update={"request_id": self._asked.request_id})
        return data

    def _first(self, data: str) -> Answer:
        """The scored answer, checked as answers are."""
        (told,) = self._replies.read([self._posed], httpx.codes.OK, data.encode())
        if not isinstance(told, Answer):
            raise told
        self._scored = told
        self._asked.notes.slot, self._asked.notes.version = self._slot, told.version
        return told


def explanation_routes(
    entry: Entry, explaining: Explaining, lane: Lane, *, deadline_seconds: float
) -> APIRouter:
    asks = entry.asks("answer", seconds=deadline_seconds, lane=lane)
    router = APIRouter(tags=["answers"])

    @router.post(
        "/v1/explanations",
        summary="Answer a question and explain it, as server-sent events",
        response_class=StreamingResponse,
        responses=problems(400, 401, 403, 408, 413, 415, 422, 429, 500, 502, 503, 504),
    )
    async def explain(
        asked: Annotated[Asked, Depends(asks)],
        question: Annotated[AnswerRequest, Depends(read_question)],
    ) -> Response:
        return EventStream(await explaining.begin(question, asked))

    return router
