"""The way to answerers: one request out, one reply in, over pools of connections.

A wire knows HTTP and nothing of questions. It turns what a library raises into a word
(``gateway.health.Failure``), reads no more of a reply than it was told to, and follows no
redirect. Each slot has a pool of its own, so that a slot that hangs cannot use up the
connections of the other. Cancelling a request closes its connection.

Two of them: ``PooledWire`` over sockets, the one place of the gateway that imports aiohttp
(its parser is C: 0.1 ms of processor time a request where httpx takes 0.8), and ``HttpxWire``
over any httpx transport, such as one into an application in this process.
Source: https://docs.aiohttp.org/en/stable/client_advanced.html,
https://www.python-httpx.org/exceptions/
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Protocol

import aiohttp
import httpx

from contracts.traffic import Slot
from gateway.health import Failure

# Shorter than the 5 s after which the answerer's server closes an idle connection.
KEEP_ALIVE_SECONDS: Final = 2.0
# What aiohttp would say of itself; a reply is to come as it is.
_UNSAID: Final = ("User-Agent", "Accept", "Accept-Encoding")


class NoReply(Exception):
    """No whole reply came, and why."""

    def __init__(self, failure: Failure) -> None:
        self.failure: Failure = failure
        super().__init__(failure)


class ReplyTooLong(Exception):
    """A reply longer than was asked for."""


class Wire(Protocol):
    """Both raise ``NoReply`` and ``ReplyTooLong``. How long they may take is for the caller to
    bound, who cancels them; only connecting is bounded here."""

    async def post(
        self, slot: Slot, url: str, body: bytes, headers: Mapping[str, str], most_bytes: int
    ) -> tuple[int, bytes]:
        """Status and body of the reply."""

    async def look(self, url: str) -> int:
        """Status of a GET, on connections that questions do not use."""

    async def close(self) -> None: ...


async def _gathered(pieces: AsyncIterator[bytes], most_bytes: int) -> bytes:
    body = b""
    async for piece in pieces:
        body = body + piece if body else piece
        if len(body) > most_bytes:
            raise ReplyTooLong
    return body


class PooledWire:
    """Over sockets. Nothing is opened until it is used, in the loop that uses it."""

    def __init__(self, *, connect_seconds: float, most_connections: int) -> None:
        self._connect_seconds = connect_seconds
        self._most_connections = most_connections
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def _session(self, pool: str) -> aiohttp.ClientSession:
        session = self._sessions.get(pool)
        if session is None:
            session = self._sessions[pool] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._most_connections, keepalive_timeout=KEEP_ALIVE_SECONDS
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_UNSAID,
                auto_decompress=False,
                trust_env=False,  # answerers are neighbours: no proxy stands between
            )
        return session

    async def post(
        self, slot: Slot, url: str, body: bytes, headers: Mapping[str, str], most_bytes: int
    ) -> tuple[int, bytes]:
        try:
            async with self._session(slot).post(
                url, data=body, headers=headers, allow_redirects=False
            ) as reply:
                return reply.status, await _gathered(reply.content.iter_any(), most_bytes)
        except aiohttp.ClientError as error:
            raise NoReply(_failure(error)) from error

    async def look(self, url: str) -> int:
        try:
            async with self._session("probes").get(url, allow_redirects=False) as reply:
                return reply.status
        except aiohttp.ClientError as error:
            raise NoReply(_failure(error)) from error

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()


def _failure(error: aiohttp.ClientError) -> Failure:
    if isinstance(error, aiohttp.ClientConnectorError):
        refused = isinstance(error.os_error, ConnectionRefusedError)
        return "refused" if refused else "unreachable"
    # The only time-out that is set is that of connecting.
    return "unreachable" if isinstance(error, aiohttp.ServerTimeoutError) else "broken"


class HttpxWire:
    """Over an httpx transport, which stands in for the network."""

    def __init__(self, transport: httpx.AsyncBaseTransport, *, connect_seconds: float) -> None:
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(None, connect=connect_seconds),
            follow_redirects=False,
            trust_env=False,
        )

    async def post(
        self, slot: Slot, url: str, body: bytes, headers: Mapping[str, str], most_bytes: int
    ) -> tuple[int, bytes]:
        del slot  # one pool for all: it stands in, it does not serve
        sent = self._client.stream("POST", url, content=body, headers=dict(headers))
        with _httpx_failures():
            async with sent as reply:
                return reply.status_code, await _gathered(reply.aiter_raw(), most_bytes)

    async def look(self, url: str) -> int:
        with _httpx_failures():
            async with self._client.stream("GET", url) as reply:
                return reply.status_code

    async def close(self) -> None:
        await self._client.aclose()


@contextmanager
def _httpx_failures() -> Iterator[None]:
    try:
        yield
    except httpx.ConnectError as error:
        raise NoReply("refused") from error
    except httpx.ConnectTimeout as error:
        raise NoReply("unreachable") from error
    except httpx.TimeoutException as error:
        raise NoReply("silent") from error
    except httpx.HTTPError as error:
        raise NoReply("broken") from error


def wire_over(
    transport: httpx.AsyncBaseTransport | None, *, connect_seconds: float, most_connections: int
) -> Wire:
    """Over sockets, or over what stands in for them."""
    if transport is not None:
        return HttpxWire(transport, connect_seconds=connect_seconds)
    return PooledWire(connect_seconds=connect_seconds, most_connections=most_connections)
