"""The end of a server: nothing accepted is lost, nothing new is taken."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bentos.draining import draining_server
from tests.waiting import wait_until

REQUEST = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


class App:
    """Answers /slow when it is let, all else at once."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.slow_began = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["path"] == "/slow":
            self.slow_began.set()
            await asyncio.to_thread(self.let.wait, 20)
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


class Running:
    def __init__(self, quiet_seconds: float) -> None:
        self.app = App()
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.address = self.listening.getsockname()
        self.server = draining_server(self.app, quiet_seconds=quiet_seconds)
        self.thread = threading.Thread(target=self.server.run, args=([self.listening],))
        self.thread.start()
        wait_until(lambda: self.server.started, 20, "the server listens")

    def connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=20)
        connection.settimeout(20)
        return connection

    def tell_to_end(self) -> None:
        self.server.should_exit = True
        wait_until(lambda: self.listening.fileno() == -1, 20, "the socket closes")

    def is_refused(self) -> bool:
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def close(self) -> None:
        self.app.let.set()
        self.server.should_exit = True
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


@pytest.fixture
def running() -> Iterator[Running]:
    """Idle connections are kept for longer than any test."""
    server = Running(quiet_seconds=60.0)
    yield server
    server.close()


def reply(connection: socket.socket) -> bytes:
    """One whole reply."""
    found = b""
    while not found.endswith(b"\r\n\r\nok"):
        piece = connection.recv(4_096)
        assert piece, f"the connection ended within a reply: {found!r}"
        found += piece
    return found.lower()


def is_closed(connection: socket.socket) -> bool:
    return connection.recv(1) == b""


def test_what_is_under_way_is_answered_and_its_connection_closed(running: Running) -> None:
    with running.connect() as connection:
        connection.sendall(REQUEST % b"slow")
        assert running.app.slow_began.wait(timeout=20)
        running.tell_to_end()
        running.app.let.set()
        assert b"connection: close" in reply(connection)
        assert is_closed(connection)
    running.thread.join(timeout=20)
    assert not running.thread.is_alive(), "nothing is left to wait for"


def test_new_connections_are_refused_at_once(running: Running) -> None:
    with running.connect() as idle:
        running.tell_to_end()
        assert running.is_refused()
        assert running.thread.is_alive()
        idle.sendall(REQUEST % b"")
        reply(idle)


def test_a_request_on_an_idle_connection_is_answered_then_the_connection_closed(
    running: Running,
) -> None:
    with running.connect() as connection:
        connection.sendall(REQUEST % b"")
        assert b"connection: close" not in reply(connection)
        running.tell_to_end()
        connection.sendall(REQUEST % b"")
        assert b"connection: close" in reply(connection)
        assert is_closed(connection)


def test_an_idle_connection_is_closed_after_the_quiet() -> None:
    server = Running(quiet_seconds=0.1)
    with server.connect() as connection:
        connection.sendall(REQUEST % b"")
        reply(connection)
        server.tell_to_end()
        assert is_closed(connection)
    server.close()


def test_what_the_kernel_accepted_is_taken_in(running: Running) -> None:
    """Connections and requests that came while the loop had no time for them, until the very
    moment of the end."""
    blocked, go_on = threading.Event(), threading.Event()

    async def last_tick(_counter: int) -> bool:
        blocked.set()
        assert go_on.wait(timeout=20)
        return True

    running.server.on_tick = last_tick  # type: ignore[method-assign]
    assert blocked.wait(timeout=20)
    waiting = [running.connect() for _ in range(20)]
    for connection in waiting:
        connection.sendall(REQUEST % b"")
    go_on.set()
    for connection in waiting:
        with connection:
            assert b"connection: close" in reply(connection)
    running.thread.join(timeout=20)
    assert not running.thread.is_alive()
    assert running.is_refused()
