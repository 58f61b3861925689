"""A caller that goes away, all the way through a gateway's process to its answerer."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from contracts.models import VersionFacts
from registry.ledger import Ledger
from tests.gateway.serving import serving
from tests.gateway.test_drain import request
from tests.gateway.test_serve import assign
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.integration


class Upstream:
    """An answerer that is ready, takes questions, and never answers one."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if not head.startswith(b"POST /answer "):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                continue
            self.asked.set()
            while await reader.read(65_536):
                pass
            self.left.set()
            writer.close()
            return


def test_the_answerer_hears_that_the_caller_left(tmp_path: Path, facts: VersionFacts) -> None:
    port, upstream_port = free_port(), free_port()
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    assign(ledger, facts, f"http://127.0.0.1:{upstream_port}")

    async def scene(stack: ExitStack) -> None:
        upstream = Upstream()
        async with await asyncio.start_server(upstream.talk, "127.0.0.1", upstream_port):
            gateway = serving(tmp_path, port, "--deadline-seconds", "60")
            await asyncio.to_thread(stack.enter_context, gateway)
            async with asyncio.timeout(20):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request())
                await upstream.asked.wait()
                assert not upstream.left.is_set()
                writer.close()
                await upstream.left.wait()

    with ExitStack() as stack:
        asyncio.run(scene(stack))
        log = tmp_path / "gateway.log"
        wait_until(lambda: '"status": 499' in log.read_text(), 10, "it is in the log")
