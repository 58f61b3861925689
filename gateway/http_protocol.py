"""HTTP/1.1 on a connection, with bounds for what arrives before any application sees it.

Uvicorn on httptools reads a head of any size for any time, and lets whoever was refused send
the rest of a body for ever. Here path and headers have a size and a time, and a request that
was answered early has a time to end in. What is refused gets a problem, as everywhere.

One timer a connection, and none on the way of a request that arrives in one piece.
Source: RFC 9110, sections 15.5.9 (408), RFC 6585, section 5 (431); uvicorn's HttpToolsProtocol.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from contracts.answers import Problem
from contracts.errors import HeadersTooLarge, HeadersTooSlow
from gateway.problems import MEDIA_TYPE, REQUEST_ID_HEADER, problem_of

_AROUND: Final = len(": \r\n")
_log = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """Of path and headers together; ``body_seconds`` is for the rest of a body that nobody
    reads."""

    head_bytes: int
    head_seconds: float
    body_seconds: float
    new_request_id: Callable[[], str]


class GuardedProtocol(HttpToolsProtocol):
    """A connection. Give uvicorn ``functools.partial(GuardedProtocol, limits)``."""

    def __init__(self, limits: HeadLimits, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._in_head = True  # a connection is opened to send one
        self._in_body = False
        self._head_bytes = 0
        self._problem: Problem | None = None
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._late = self.loop.call_later(self._limits.head_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._in_body:
            self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            if self._head_bytes > self._limits.head_bytes:
                self._refuse(self._too_large())
            elif self._late is None:
                self._late = self.loop.call_later(self._limits.head_seconds, self._head_is_late)
        elif self._in_body:
            if self._late is None:
                self._late = self.loop.call_later(self._limits.body_seconds, self._body_is_late)
        elif self._late is not None:
            self._in_time()

    # ------------------------------------------------------------ what the parser says

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._in_body = True, False

    def on_headers_complete(self) -> None:
        self._in_time()
        if self._head_bytes > self._limits.head_bytes:
            lines = sum(len(name) + len(value) + _AROUND for name, value in self.headers)
            if len(self.url) + lines > self._limits.head_bytes:
                self._problem = self._too_large()
                # The parser takes it for a fault, and ``send_400_response`` tells of it.
                raise ValueError("the head is too large")
        self._in_head, self._in_body, self._head_bytes = False, True, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    # ------------------------------------------------------------ what is refused

    def _too_large(self) -> Problem:
        error = HeadersTooLarge(self._limits.head_bytes)
        return problem_of(error, self._limits.new_request_id())

    def _head_is_late(self) -> None:
        self._late = None
        if self.transport.is_closing():
            return
        if not self._head_bytes:
            self.transport.close()  # nothing was sent: there is nothing to answer
            return
        error = HeadersTooSlow(self._limits.head_seconds)
        self._refuse(problem_of(error, self._limits.new_request_id()))

    def _body_is_late(self) -> None:
        """Whoever reads the body has a limit of its own, and was there before."""
        self._late = None
        self.transport.close()

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, problem: Problem) -> None:
        self._problem = problem
        self.send_400_response(problem.detail)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        """What uvicorn calls where the parser finds a fault."""
        problem = self._problem or Problem(
            type="/problems/request-malformed",
            title="The request cannot be read",
            status=HTTPStatus.BAD_REQUEST,
            detail="the request is not HTTP/1.1. Send it as RFC 9112 says.",
            request_id=self._limits.new_request_id(),
        )
        _log.warning(
            "a connection was refused: %s",
            problem.detail,
            extra={"fields": {"request_id": problem.request_id, "status": problem.status}},
        )
        body = problem.model_dump_json(exclude_defaults=True).encode()
        head = (
            f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"{REQUEST_ID_HEADER.lower()}: {problem.request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
