"""A uvicorn server that ends without losing a request.

Told to end (SIGTERM, SIGINT), in four steps:

1. what the kernel has accepted is taken in, and the socket closes: new connections are refused;
2. every reply says ``Connection: close``, so that busy connections end with an answer;
3. idle connections stay open until their owners' pools have given them up (``quiet_seconds``);
   a request that still comes on one is answered;
4. what is under way is answered, within ``grace_seconds``.

Uvicorn's own end closes idle connections at once, where a request may be on its way, and what
stood in the kernel's queue is reset.
Source: https://www.uvicorn.org/server-behavior/ (graceful shutdown), RFC 9112 section 9.6.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Final

import uvicorn

QUIET_SECONDS: Final = 2.5
"""Longer than the gateway keeps an idle connection (2 s)."""

GRACE_SECONDS: Final = 15
_BACKLOG: Final = 2_048
_POLL_SECONDS: Final = 0.02


class DrainingServer(uvicorn.Server):
    """Run it on sockets that are bound: ``run(sockets=[...])``."""

    def __init__(self, config: uvicorn.Config, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        super().__init__(config)
        self._quiet_seconds = quiet_seconds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        state = self.server_state
        # For all replies from now on: on_tick, which writes these anew, is over.
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        for listening in sockets or []:
            await self._stop_listening(listening)
        connection: Any
        for connection in list(state.connections):
            if not _is_idle(connection):
                connection.cycle.default_headers = state.default_headers
                connection.shutdown()  # once it is answered
        loop = asyncio.get_running_loop()
        quiet_at = loop.time() + self._quiet_seconds
        # Uvicorn tells nobody when a connection ends.
        while any(map(_is_idle, state.connections)) and loop.time() < quiet_at:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        await super().shutdown(sockets)

    async def _stop_listening(self, listening: socket.socket) -> None:
        """Take in what the kernel has accepted, then listen no more, with nothing between the
        last look and the close."""
        taken: list[socket.socket] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                with contextlib.suppress(ConnectionAbortedError):
                    taken.append(listening.accept()[0])
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for connection in taken:
            connection.setblocking(False)
            await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = kind(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=asyncio.get_running_loop(),
        )
        return protocol


def draining_server(app: Any, **changed: Any) -> DrainingServer:
    """A server of an ASGI application; keywords go to ``DrainingServer``."""
    return DrainingServer(
        uvicorn.Config(
            app,
            # Its listening socket closes at once when told to; uvloop's a turn later.
            loop="asyncio",
            ws="none",
            lifespan="on",
            backlog=_BACKLOG,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        **changed,
    )


def _is_idle(connection: Any) -> bool:
    """Whether no request is under way on one of uvicorn's connections."""
    return connection.cycle is None or connection.cycle.response_complete
