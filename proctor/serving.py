"""Runs the gateway until the process is told to end; no request that it took is dropped.

On SIGTERM (or the first Ctrl-C) ``/readyz`` turns 503 and replies close their connections,
while new ones are still taken: whoever shares out traffic has time to see it. Then nothing
new is taken; connections that had come have a moment to send their request, and what is under
way has its time to finish. A second signal skips the wait.
Source: https://www.uvicorn.org/settings/ and /server-behavior/ (graceful shutdown);
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Final

import uvicorn

from gateway.draining import Draining
from gateway.http_protocol import GuardedProtocol, HeadLimits
from gateway.settings import GatewaySettings
from proctor.listening import listen, take_the_last

# Half a second for the first request of a connection that came last.
_LOOKS: Final = 25
_LOOK_SECONDS: Final = 0.02


class DrainingServer(uvicorn.Server):
    """Uvicorn's server with a pause between the signal and the end of taking new ones."""

    def __init__(
        self,
        config: uvicorn.Config,
        draining: Draining,
        drain_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config)
        self._draining = draining
        self._drain_seconds = drain_seconds
        self._clock = clock
        self._told_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        first = self._told_at is None
        super().handle_exit(sig, frame)
        if first:
            self._told_at = self._clock()
            self._draining.begin()
            self.should_exit = False

    async def on_tick(self, counter: int) -> bool:
        if self._told_at is not None and self._clock() - self._told_at >= self._drain_seconds:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        ours = [listening.dup() for listening in sockets or []]
        for server in self.servers:
            server.close()
        for listening in ours:
            for connection in take_the_last(listening):
                await loop.connect_accepted_socket(self._protocol, connection)
        for _ in range(_LOOKS):
            if not any(map(_is_fresh, self.server_state.connections)):
                break
            await asyncio.sleep(_LOOK_SECONDS)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        """As uvicorn makes one for each connection that it accepts itself."""
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


def _is_fresh(connection: Any) -> bool:
    """Whether nothing was asked on it yet."""
    return isinstance(connection, GuardedProtocol) and connection.cycle is None


def serve_gateway(
    app: Any,
    *,
    host: str,
    port: int,
    settings: GatewaySettings,
    draining: Draining,
    new_request_id: Callable[[], str],
) -> None:
    """Serve until SIGTERM or SIGINT. Raises as ``listen`` does."""
    listening = listen("gateway", host, port, settings.backlog)
    heads = HeadLimits(
        head_bytes=settings.largest_headers_bytes,
        head_seconds=settings.headers_seconds,
        # The application has its say first, and says why.
        body_seconds=2.0 * settings.body_seconds,
        new_request_id=new_request_id,
    )
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=partial(GuardedProtocol, heads),  # type: ignore[arg-type] # whatever makes one
        ws="none",
        lifespan="on",
        log_config=None,  # our lines, not uvicorn's
        access_log=False,
        server_header=False,
        backlog=settings.backlog,
        timeout_keep_alive=settings.idle_seconds,
        timeout_graceful_shutdown=settings.grace_seconds,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    # Uvicorn repeats the signal that it ended by: ended as told is a success, and the
    # blocks around this call are left in order.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        DrainingServer(config, draining, settings.drain_seconds).run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)
        listening.close()
