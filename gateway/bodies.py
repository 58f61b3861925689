"""Limits for what callers send: how large a body is, how long it takes, how much all of them.

Pure ASGI. A body is counted and timed while it is read: the error is raised into whoever
reads it, and becomes a problem there.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import BodyTooSlow, Overloaded, RequestTooLarge

_LENGTH_DIGITS = 20


class HeldBodies:
    """Bytes of bodies in memory, of all requests under way; ``most`` of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0


class BodyLimit:
    """Refuses a body beyond ``limit_bytes``: before reading it when the length is declared,
    else at the byte too many; one that is not there whole after ``limit_seconds``; and more
    than ``bodies`` may hold in all."""

    def __init__(
        self, app: ASGIApp, *, limit_bytes: int, limit_seconds: float, bodies: HeldBodies
    ) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._limit_seconds = limit_seconds
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        too_large = declared.isdecimal() and int(declared[:_LENGTH_DIGITS]) > self._limit_bytes
        read_bytes, whole = 0, False
        late_at = asyncio.get_running_loop().time() + self._limit_seconds

        async def receive_counted() -> Message:
            nonlocal read_bytes, whole
            if too_large:
                raise RequestTooLarge(self._limit_bytes)
            if whole:
                return await receive()  # whoever waits for the caller to leave
            try:
                async with asyncio.timeout_at(late_at):
                    message = await receive()
            except TimeoutError as error:
                raise BodyTooSlow(self._limit_seconds) from error
            whole = not message.get("more_body", False)
            read_bytes += self._held(len(message.get("body", b"")))
            if read_bytes > self._limit_bytes:
                raise RequestTooLarge(self._limit_bytes)
            return message

        try:
            await self._app(scope, receive_counted, send)
        finally:
            self._bodies.held -= read_bytes

    def _held(self, more_bytes: int) -> int:
        """``more_bytes``, when there is room for them. Raises ``Overloaded``."""
        if self._bodies.held + more_bytes > self._bodies.most:
            raise Overloaded(
                f"bodies of {self._bodies.most} bytes are held in memory, and no more",
                retry_after_seconds=1.0,
            )
        self._bodies.held += more_bytes
        return more_bytes
