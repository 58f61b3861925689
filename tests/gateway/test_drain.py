"""SIGTERM under load, on real processes: every request that was taken is answered."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.models import VersionFacts
from registry.ledger import Ledger
from tests.conftest import answers_ok
from tests.gateway.conftest import PRESENTED
from tests.gateway.serving import serving
from tests.gateway.test_app import changed
from tests.gateway.test_serve import assign
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.integration

CALLERS = 8


# The answerer without a model, which takes a moment, so that some are always under way.
SLOW_ANSWERER = """
import asyncio, sys, uvicorn
from contracts.models import VersionFacts
from gateway.fake_answerer import FakeAnswerer
fake = FakeAnswerer(VersionFacts.model_validate_json(sys.argv[2]))
async def slow(scope, receive, send):
    await asyncio.sleep(0.02)
    await fake.app(scope, receive, send)
uvicorn.run(slow, port=int(sys.argv[1]), log_level="critical", lifespan="off")
"""


@pytest.fixture
def slow_answerer(facts: VersionFacts) -> Iterator[str]:
    """The URL of one, in a process of its own."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_ANSWERER, str(port), facts.model_dump_json()]
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers_ok(f"{url}/readyz"), 30, "the answerer is there")
        yield url
    finally:
        process.kill()
        process.wait()


def request() -> bytes:
    body = changed()
    head = (
        "POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        # The cache would answer at once, and nothing would be under way.
        f"Authorization: Bearer {PRESENTED}\r\nCache-Control: no-cache\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller(threading.Thread):
    """Asks again and again on one connection as long as that stays open, then on a new one;
    ends when nobody listens any more. ``seen`` counts what became of each request."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", self._port), timeout=20)
            except ConnectionRefusedError:
                return
            with connection:
                while self._ask(connection):
                    pass

    def _ask(self, connection: socket.socket) -> bool:
        """Whether the connection may be used again."""
        try:
            connection.sendall(request())
            reply = b""
            while b"\r\n\r\n" not in reply:
                piece = connection.recv(65_536)
                if not piece:
                    self.seen["dropped"] += 1
                    return False
                reply += piece
            head, _, body = reply.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            while len(body) < length:
                piece = connection.recv(65_536)
                if not piece:
                    self.seen["cut off"] += 1
                    return False
                body += piece
        except OSError as error:
            self.seen[type(error).__name__] += 1
            return False
        self.seen[head.split()[1].decode()] += 1
        return b"connection: close" not in head.lower()


def test_no_request_is_dropped_when_the_gateway_is_told_to_end(
    tmp_path: Path, facts: VersionFacts, slow_answerer: str
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    assign(Ledger(f"sqlite:///{tmp_path}/ledger.db"), facts, slow_answerer)
    with serving(tmp_path, port, "--drain-seconds", "1") as gateway:
        wait_until(lambda: answers_ok(f"{url}/readyz"), 10, "it is ready")
        callers = [Caller(port) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        wait_until(lambda: sum(caller.seen["200"] for caller in callers) > 100, 30, "load")
        told_at = time.monotonic()
        gateway.send_signal(signal.SIGTERM)
        wait_until(lambda: not answers_ok(f"{url}/readyz"), 1, "it says that it is not ready")
        assert gateway.wait(timeout=20) == 0
        assert time.monotonic() - told_at < 5.0, "nobody waits for idle connections"
        for caller in callers:
            caller.join(10)
    seen = sum((caller.seen for caller in callers), Counter[str]())
    assert set(seen) == {"200"}, seen
    log = (tmp_path / "gateway.log").read_text()
    assert "Traceback" not in log
    assert '"status": 200' in log


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with serving(tmp_path, free_port(), "--drain-seconds", "60") as gateway:
        gateway.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert gateway.poll() is None, "it drains"
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(timeout=20) == 0
