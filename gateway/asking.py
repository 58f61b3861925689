"""Asks an answerer, and believes nothing that it did not check.

A reply counts as an answer only when it has the shape of one, names a probability for
exactly the question's letters, is consistent in itself and comes from the version that
the plan says. Asking is safe to repeat (scoring changes nothing), so a connection that
broke is tried once more, within the same deadline. The deadline covers everything from
connecting to the last byte. Source: https://www.python-httpx.org/exceptions/
"""

from __future__ import annotations

import asyncio
import math
from typing import Final

import httpx
from pydantic import ValidationError

from contracts.answers import Answer, AnswerRequest, Problem
from contracts.errors import AnswererAway, AnswererBroken, DeadlinePassed, QuestionNotScored
from contracts.questions import letters_for
from gateway.plan import Backend, Slot
from gateway.problems import REQUEST_ID_HEADER

_LARGEST_REPLY_BYTES: Final = 65_536
_TRIES: Final = 2
_SUM_TOLERANCE: Final = 1e-6
# Shorter than the 5 s after which the answerer's server closes an idle connection.
_KEEP_ALIVE_SECONDS: Final = 2.0


class AnswererClient:
    """Speaks to answerers over one pool of connections. Close it when done.

    ``deadline_seconds`` bounds one question, ``connect_seconds`` each connection.
    """

    def __init__(
        self,
        *,
        deadline_seconds: float,
        connect_seconds: float,
        most_connections: int,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._connect_seconds = connect_seconds
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(deadline_seconds, connect=connect_seconds),
            limits=httpx.Limits(
                max_connections=most_connections, keepalive_expiry=_KEEP_ALIVE_SECONDS
            ),
            follow_redirects=False,
            trust_env=False,  # answerers are neighbours: no proxy stands between
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def is_ready(self, backend: Backend) -> bool:
        """Whether the answerer says so itself, within the time to connect twice over."""
        try:
            async with asyncio.timeout(2 * self._connect_seconds):
                reply = await self._client.get(f"{backend.url}/readyz")
        except (httpx.HTTPError, TimeoutError):
            return False
        return reply.status_code == httpx.codes.OK

    async def ask(
        self, slot: Slot, backend: Backend, request: AnswerRequest, request_id: str
    ) -> Answer:
        """The checked answer. Raises ``AnswererAway``, ``AnswererBroken``,
        ``DeadlinePassed``, or ``QuestionNotScored`` when the version cannot score it."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                status, body = await self._post(slot, backend, request, request_id)
        except TimeoutError as error:
            raise DeadlinePassed(slot, self._deadline_seconds) from error
        if status != httpx.codes.OK:
            raise _refusal(slot, status, body)
        return _checked(slot, backend, request, body)

    async def _post(
        self, slot: Slot, backend: Backend, request: AnswerRequest, request_id: str
    ) -> tuple[int, bytes]:
        content = request.model_dump_json(exclude_none=True).encode()
        headers = {"Content-Type": "application/json", REQUEST_ID_HEADER: request_id}
        outgoing = self._client.build_request(
            "POST", f"{backend.url}/answer", content=content, headers=headers
        )
        broken: httpx.HTTPError | None = None
        for _ in range(_TRIES):
            try:
                return await self._send(slot, outgoing)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise AnswererAway(slot, "nothing listens there") from error
            except httpx.PoolTimeout as error:
                raise AnswererAway(slot, "too many questions are under way") from error
            except httpx.TimeoutException as error:
                raise DeadlinePassed(slot, self._deadline_seconds) from error
            except httpx.DecodingError as error:
                raise AnswererBroken(slot, "its reply cannot be decoded") from error
            except httpx.TransportError as error:
                broken = error
        raise AnswererAway(slot, "it broke the connection") from broken

    async def _send(self, slot: Slot, outgoing: httpx.Request) -> tuple[int, bytes]:
        reply = await self._client.send(outgoing, stream=True)
        try:
            body = b""
            async for piece in reply.aiter_bytes():
                body += piece
                if len(body) > _LARGEST_REPLY_BYTES:
                    raise AnswererBroken(slot, "its reply has no end")
            return reply.status_code, body
        finally:
            await reply.aclose()


def _refusal(
    slot: Slot, status: int, body: bytes
) -> AnswererAway | AnswererBroken | QuestionNotScored:
    """What a status other than 200 means here."""
    if status == httpx.codes.UNPROCESSABLE_ENTITY:
        try:
            problem = Problem.model_validate_json(body)
        except ValidationError:
            return AnswererBroken(slot, "it refused the question without a reason")
        return QuestionNotScored("; ".join(problem.errors) or problem.title)
    if status in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS}:
        return AnswererAway(slot, "it is not ready or overloaded")
    return AnswererBroken(slot, f"it answered with status {status}")


def _checked(slot: Slot, backend: Backend, request: AnswerRequest, body: bytes) -> Answer:
    try:
        answer = Answer.model_validate_json(body)
    except ValidationError as error:
        raise AnswererBroken(slot, "its reply has not the shape of an answer") from error
    letters = letters_for(len(request.choices))
    if sorted(answer.probabilities) != list(letters):
        raise AnswererBroken(slot, f"its probabilities are not those of the choices {letters}")
    if not math.isclose(
        math.fsum(answer.probabilities.values()), 1.0, rel_tol=0.0, abs_tol=_SUM_TOLERANCE
    ):
        raise AnswererBroken(slot, "its probabilities do not sum to 1")
    best = max(letters, key=lambda letter: answer.probabilities[letter])  # type: ignore[index]
    if answer.letter != best or answer.confidence != answer.probabilities[answer.letter]:
        raise AnswererBroken(slot, "its letter is not its most probable choice")
    if answer.version != backend.version:
        raise AnswererBroken(
            slot,
            f"{answer.version.model}/{answer.version.version} ({answer.version.digest[:19]}...)"
            f" answered where {backend.version.model}/{backend.version.version}"
            f" ({backend.version.digest[:19]}...) should",
        )
    return answer
