"""The socket that an answerer listens on."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bentos.run import bind


def test_replies_are_sent_at_once() -> None:
    """Nagle's algorithm is off: a reply's body does not wait for its head's acknowledgement."""

    async def nodelay() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        class Looking(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                taken = transport.get_extra_info("socket")
                found.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        bound = bind("127.0.0.1", 0)
        server = await asyncio.get_running_loop().create_server(Looking, sock=bound)
        _, writer = await asyncio.open_connection(*bound.getsockname())
        try:
            return await asyncio.wait_for(found, timeout=20)
        finally:
            writer.close()
            server.close()

    assert asyncio.run(nodelay()) == 1


def test_connections_are_refused_until_the_service_is_ready() -> None:
    with bind("127.0.0.1", 0) as bound, pytest.raises(ConnectionRefusedError):
        socket.create_connection(bound.getsockname(), timeout=20)


def test_an_address_that_is_taken_or_not_ours_ends_the_process() -> None:
    with bind("127.0.0.1", 0) as bound:
        bound.listen()
        with pytest.raises(SystemExit, match=r"cannot listen on 127\.0\.0\.1:"):
            bind("127.0.0.1", bound.getsockname()[1])
    with pytest.raises(SystemExit, match=r"cannot listen on 203\.0\.113\.1:"):
        bind("203.0.113.1", 0)
