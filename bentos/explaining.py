"""Explanations out of a loaded version: scored, written, read, as server-sent events.

The writer has the scorer's own weights, so it costs the memory of its caches and no more. It
works in the scoring thread, a step at a time (a part of the prompt, or a token), and only while
nothing waits to be scored: a question that comes meanwhile waits for one step at most. Where
questions never cease, one step is still made every ``patience_seconds``, all explanations
together, so that they go on and cost scoring no more than that share.

So many are written at once, so many more wait for a while, and the others are ``Overloaded``
at once. A caller that goes away takes its explanation along: nobody asks for its next step.
Imports torch (through ``mcq``). Knows no BentoML, and of HTTP the events only.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
)
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from bentos.explaining_limits import ExplainingLimits
from contracts.answers import Answer, AnswerRequest, Problem
from contracts.errors import CannotWrite, CheckpointInvalid, Overloaded, ProctorError
from contracts.event_stream import COMMENT, event_bytes
from contracts.explanations import ExplanationText
from contracts.models import VersionFacts
from mcq.explaining import check_explains, explanation, explanation_prompt
from mcq.generating import Piece
from mcq.generation import Generator
from mcq.model import LanguageModel

_Any = TypeVar("_Any")
_log: Final = logging.getLogger("bentos")


class Writer(Protocol):
    """What is asked of a generator (``mcq.generation.Generator``)."""

    @property
    def tokenizer(self) -> Any: ...
    def stream(self, prompt: str, *, max_new_tokens: int) -> Iterator[Piece]: ...


class Model(Protocol):
    """Who is at the model (``bentos.batching.Batcher``)."""

    async def idle(self) -> None:
        """Returns once nothing is being scored and nothing waits for it."""

    async def exclusively(self, deed: Callable[[], _Any]) -> _Any:
        """Run ``deed`` while nobody else is at the model."""


def writer_of(model: LanguageModel, checkpoint: Path, facts: VersionFacts) -> Writer | CannotWrite:
    """A writer that shares the weights of ``model``, read from ``checkpoint``; or why this
    version has none."""
    try:
        check_explains(facts)
        return Generator.sharing(model, checkpoint, facts.digest)
    except CannotWrite as error:
        return error
    except CheckpointInvalid as error:
        return CannotWrite("explain", error.reason)


class Explaining:
    """A version that explains, or that says why it cannot (``writer`` is then the reason).
    ``score`` answers a question until a moment of the ``clock`` (seconds, monotonic)."""

    def __init__(
        self,
        writer: Writer | CannotWrite,
        model: Model,
        score: Callable[[AnswerRequest, float], Awaitable[Answer]],
        *,
        limits: ExplainingLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer = writer
        self._model = model
        self._score = score
        self.limits = limits or ExplainingLimits()
        self._clock = clock
        self._room = asyncio.Semaphore(self.limits.at_once)
        self._waiting = 0
        self._turn = asyncio.Lock()

    async def begin(
        self, request: AnswerRequest, ends_at: float = math.inf
    ) -> AsyncGenerator[bytes]:
        """The events of an explanation, of which the first is known: the question is scored,
        before ``ends_at`` by the clock. Raises ``CannotWrite``, ``Overloaded``, and what
        scoring raises."""
        if isinstance(self._writer, CannotWrite):
            raise CannotWrite(
                self._writer.deed, self._writer.reason, mend=self._writer.mend
            ) from self._writer
        events = self._events(self._writer, request, ends_at)
        return _resumed(await anext(events), events)

    async def _events(
        self, writer: Writer, request: AnswerRequest, ends_at: float
    ) -> AsyncGenerator[bytes]:
        async with self._place(ends_at):
            question = request.as_question("explained")

            def begun() -> Iterator[Piece]:
                prompt = explanation_prompt(writer.tokenizer, question)
                return writer.stream(prompt, max_new_tokens=self.limits.max_new_tokens)

            pieces = await self._model.exclusively(begun)
            scored = await self._score(request, ends_at)
            yield event_bytes("scored", scored)
            try:
                async for event in self._written(pieces, scored):
                    yield event
            except Exception:  # noqa: BLE001  # whatever a model raises: the caller is told, the log more
                _log.exception("an explanation failed")
                yield event_bytes("problem", _UNEXPECTED)

    async def _written(self, pieces: Iterator[Piece], scored: Answer) -> AsyncIterator[bytes]:
        ends_at = self._clock() + self.limits.longest_seconds
        text: list[str] = []
        piece = Piece()
        while piece.ended is None and self._clock() < ends_at:
            piece = await self._step(pieces)
            text.append(piece.text)
            yield (event_bytes("text", ExplanationText(text=piece.text)) if piece.text else COMMENT)
        told = explanation("".join(text), scored, truncated=piece.ended != "end")
        yield event_bytes("explanation", told)

    async def _step(self, pieces: Iterator[Piece]) -> Piece:
        """One step, when nothing waits to be scored or patience is at its end."""
        async with self._turn:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.patience_seconds):
                    await self._model.idle()
            return await self._model.exclusively(lambda: next(pieces))

    @asynccontextmanager
    async def _place(self, ends_at: float) -> AsyncIterator[None]:
        """Raises ``Overloaded``."""
        limits = self.limits
        reason = f"{limits.at_once} explanations are being written, and"
        soon = limits.wait_seconds
        if self._room.locked() and self._waiting >= limits.waiting:
            raise Overloaded(f"{reason} {self._waiting} wait", retry_after_seconds=soon)
        self._waiting += 1
        try:
            async with asyncio.timeout(min(soon, max(0.0, ends_at - self._clock()))):
                await self._room.acquire()
        except TimeoutError as error:
            raise Overloaded(f"{reason} none ended in time", retry_after_seconds=soon) from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._room.release()


_UNEXPECTED: Final = Problem(
    type="/problems/unexpected",
    title="Something went wrong here",
    status=ProctorError.http_status,
    detail="the explanation broke off; the answerer's log tells why.",
)


async def _resumed(first: bytes, events: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(events):
        yield first
        async for event in events:
            yield event
