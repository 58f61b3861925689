"""Asks an answerer, within a deadline, unless it is ejected.

Asking is safe to repeat (scoring changes nothing), so a connection that broke is tried once
more, within the same deadline; what was answered, refused or not answered in time is not. The
deadline covers everything from connecting to the last byte, and travels along. What comes
back is believed only as far as ``gateway.replies`` has checked it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from contracts.errors import AnswererAway, AnswererBroken, DeadlinePassed, ProctorError
from contracts.traffic import CANARY, Slot
from gateway.asked import Asked
from gateway.deadlines import Deadline
from gateway.entry import DEADLINE_HEADER
from gateway.health import REASONS, Failure, Health, Permit
from gateway.plan import Backend
from gateway.posed import Posed
from gateway.problems import REQUEST_ID_HEADER
from gateway.replies import OK, ReplyReader, Told
from gateway.spans import Spans
from gateway.tracing import TRACE_HEADER, TRACE_STATE_HEADER
from gateway.watch import tell
from gateway.wire import NoReply, ReplyTooLong, Wire

_LARGEST_REPLY_BYTES: Final = 65_536  # for each question
_TRIES: Final = 2
# Of a call about many, so much of the time is the answerer's: those that it has scored by
# then still come back before the deadline.
_SCORING_RATIO: Final = 0.95


class AnswererClient:
    """Speaks to answerers over ``wire``, which it closes when it is closed."""

    def __init__(self, wire: Wire, spans: Spans, *, probe_timeout_seconds: float) -> None:
        self._wire = wire
        self._spans = spans
        self._probe_timeout_seconds = probe_timeout_seconds
        self.retries_total = 0

    async def close(self) -> None:
        await self._wire.close()

    async def probe(self, backend: Backend) -> Failure | None:
        """``None`` when the answerer says that it is ready, else what was wrong."""
        try:
            async with asyncio.timeout(self._probe_timeout_seconds):
                status = await self._wire.look(f"{backend.url}/readyz")
        except TimeoutError:
            return "silent"
        except NoReply as error:
            return error.failure
        return None if status == OK else "unready"

    async def ask(
        self,
        slot: Slot,
        backend: Backend,
        health: Health,
        questions: Sequence[Posed],
        deadline: Deadline,
        asked: Asked,
    ) -> list[Told]:
        """What became of each question, in one call: ``AnswererAway``, ``AnswererBroken``,
        ``DeadlinePassed``, ``QuestionNotScored`` or the answer. Of ``asked`` only the names
        that travel along are used."""
        before = health.state
        permit = health.begin()
        if permit is None:
            return [AnswererAway(slot, health.reason)] * len(questions)
        try:
            with self._spans.ask(asked, slot) as trace:
                call = _Call(slot, backend, questions, deadline, asked, trace)
                status, body = await self._reach(call, health, permit)
        except ProctorError as error:
            return [error] * len(questions)
        else:
            return ReplyReader(slot, backend, deadline).read(questions, status, body)
        finally:
            tell(slot, backend, before, health)

    async def _reach(self, call: _Call, health: Health, permit: Permit) -> tuple[int, bytes]:
        """The reply, whatever it says; ``health`` hears whether there was one. Raises
        ``AnswererAway``, ``AnswererBroken``, ``DeadlinePassed``."""
        clock, given_seconds = call.deadline.clock, call.deadline.remaining_seconds
        given_up = False

        def give_up() -> None:
            nonlocal given_up
            given_up = True
            limit.reschedule(asyncio.get_running_loop().time())

        try:
            async with asyncio.timeout(given_seconds) as limit:
                # Another slot can answer in the canary's place: what is under way there when
                # it is ejected need not wait. Nothing can for stable, which may yet come back.
                with health.telling(give_up) if call.slot == CANARY else nullcontext():
                    reply = await self._post(call)
        except TimeoutError as error:
            if given_up:
                health.left(permit)
                raise AnswererAway(call.slot, health.reason) from error
            health.unheard(permit, "silent", clock(), given_seconds)
            raise DeadlinePassed(call.slot, call.deadline.seconds) from error
        except NoReply as error:
            health.unheard(permit, error.failure, clock(), given_seconds)
            if error.failure == "silent":
                raise DeadlinePassed(call.slot, call.deadline.seconds) from error
            raise AnswererAway(call.slot, REASONS[error.failure]) from error
        except ReplyTooLong as error:
            health.heard(permit, clock())
            raise AnswererBroken(call.slot, "its reply has no end") from error
        except BaseException:
            health.left(permit)
            raise
        health.heard(permit, clock())
        return reply

    async def _post(self, call: _Call) -> tuple[int, bytes]:
        url, body = call.backend.url + call.path, call.body()
        most_bytes = _LARGEST_REPLY_BYTES * len(call.questions)
        for tries_left in reversed(range(_TRIES)):
            try:
                return await self._wire.post(call.slot, url, body, call.headers(), most_bytes)
            except NoReply as error:
                if error.failure != "broken" or not tries_left:
                    raise
                self.retries_total += 1
        raise AssertionError  # pragma: no cover - the last try returns or raises


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of an answerer; ``trace`` is its ``traceparent``."""

    slot: Slot
    backend: Backend
    questions: Sequence[Posed]
    deadline: Deadline
    asked: Asked
    trace: str

    @property
    def path(self) -> str:
        return "/answer" if len(self.questions) == 1 else "/answers"

    def body(self) -> bytes:
        if len(self.questions) == 1:
            return self.questions[0].body
        return b'{"questions":[' + b",".join(posed.body for posed in self.questions) + b"]}"

    def headers(self) -> dict[str, str]:
        """With what is left of the deadline now."""
        seconds = self.deadline.remaining_seconds
        if len(self.questions) > 1:
            seconds *= _SCORING_RATIO
        headers = {
            "Content-Type": "application/json",
            REQUEST_ID_HEADER: self.asked.request_id,
            TRACE_HEADER: self.trace,
            DEADLINE_HEADER: f"{seconds:.3f}",
        }
        if self.asked.trace_state:
            headers[TRACE_STATE_HEADER] = self.asked.trace_state
        return headers
