"""Listening: a taken port and a foreign address are told in words."""

from __future__ import annotations

import socket
import sys

import pytest

from contracts.errors import BadParams, PortBusy
from proctor.listening import listen, take_the_last
from tests.waiting import free_port


def test_a_taken_port_is_told() -> None:
    port = free_port()
    with (
        listen("gateway", "127.0.0.1", port),
        pytest.raises(PortBusy, match=f"127.0.0.1:{port} is taken"),
    ):
        listen("gateway", "127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "2001:db8::1"])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    with pytest.raises(BadParams, match="cannot listen on"):
        listen("gateway", host, free_port())


def test_it_listens() -> None:
    port = free_port()
    with listen("gateway", "127.0.0.1", port) as listening:
        assert listening.getsockname() == ("127.0.0.1", port)


def test_the_last_connections_are_served_and_no_more_come() -> None:
    """Two had come and sent something before anybody accepted them."""
    port = free_port()
    listening = listen("gateway", "127.0.0.1", port)
    callers = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(2)]
    for caller in callers:
        caller.sendall(b"asked")
    last = take_the_last(listening)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    assert len(last) == 2
    for connection, caller in zip(last, callers, strict=True):
        connection.setblocking(True)
        assert connection.recv(5) == b"asked"
        connection.sendall(b"answered")
        assert caller.recv(8) == b"answered"
        connection.close()
        caller.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux filters")
def test_while_the_last_are_taken_nobody_new_gets_in() -> None:
    """Another hold on the same socket, as a server's loop has: it stays shut nevertheless."""
    port = free_port()
    listening = listen("gateway", "127.0.0.1", port)
    with listening.dup():
        assert take_the_last(listening) == []
        with pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", port), timeout=0.2)
