"""Listening: a taken port and a foreign address are told in words."""

from __future__ import annotations

import pytest

from contracts.errors import BadParams, PortBusy
from proctor.serving import listen
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
