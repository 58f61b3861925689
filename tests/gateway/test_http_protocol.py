"""What arrives on a connection before any application sees it, on a real process."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.answers import Problem
from tests.gateway.conftest import AUTHORIZATION, PRESENTED
from tests.gateway.serving import serving
from tests.gateway.test_app import ASKED
from tests.waiting import free_port, wait_until

pytestmark = pytest.mark.integration

LIMITS = (
    *("--headers-seconds", "0.5", "--body-seconds", "0.5", "--largest-headers-bytes", "4096"),
    *("--idle-seconds", "1"),
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    home: Path = tmp_path_factory.mktemp("gateway")
    chosen = free_port()
    with serving(home, chosen, *LIMITS):
        yield chosen
    log = (home / "gateway.log").read_text()
    assert "Traceback" not in log
    assert PRESENTED not in log
    for line in log.splitlines():
        assert json.loads(line)["level"] != "error", line


def read_all(connection: socket.socket) -> bytes:
    """Until the other side closes."""
    connection.settimeout(20)
    read = b""
    while piece := connection.recv(65_536):
        read += piece
    return read


def told(raw: bytes, status: int) -> Problem:
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), raw
    headers = head.lower().split(b"\r\n")
    assert b"content-type: application/problem+json" in headers
    assert b"connection: close" in headers
    problem = Problem.model_validate_json(body)
    assert f"x-request-id: {problem.request_id}".encode() in headers
    assert problem.status == status
    return problem


HEAD = b"POST /v1/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
KEY = b"Authorization: Bearer " + PRESENTED.encode() + b"\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "slug"),
    [
        (b"hello\r\n\r\n", 400, "request-malformed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50, 400, "request-malformed"),
        (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", 400, "request-malformed"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, "request-malformed"),
        (HEAD + b"Content-Length: many\r\n\r\n", 400, "request-malformed"),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, "request-malformed"),
        (
            HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "request-malformed",
        ),
        (HEAD + b"X: " + b"x" * 5_000 + b"\r\n\r\n", 431, "headers-too-large"),
        (HEAD + b"X: " + b"x" * 100_000, 431, "headers-too-large"),
        (b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "headers-too-large"),
        (HEAD + b"X: 1\r\n" * 1_000 + b"\r\n", 431, "headers-too-large"),
        (HEAD, 408, "headers-too-slow"),
        (b"P", 408, "headers-too-slow"),
        (HEAD + KEY + b"Content-Length: 10\r\n\r\n", 408, "body-too-slow"),
        (HEAD + KEY + b"Content-Length: 10\r\n\r\n{", 408, "body-too-slow"),
        (
            HEAD + KEY + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
            408,
            "body-too-slow",
        ),
    ],
)
def test_what_cannot_be_a_request_is_told_and_cut_off(
    port: int, sent: bytes, status: int, slug: str
) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.monotonic()
        connection.sendall(sent)
        problem = told(read_all(connection), status)
        assert time.monotonic() - began < 5.0
    assert problem.type == f"/problems/{slug}"


def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        assert read_all(connection) == b""


def test_who_trickles_on_after_a_refusal_is_cut_off(port: int) -> None:
    """Refused before the body was read; the rest of it may not come for ever."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")

        def cut_off() -> bool:
            try:
                connection.sendall(b" ")
                connection.setblocking(False)
                return connection.recv(1) == b""
            except BlockingIOError:
                return False
            except OSError:
                return True
            finally:
                connection.setblocking(True)

        wait_until(cut_off, 10, "the connection is cut off")


def test_a_head_that_fits_may_come_slowly_in_pieces(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for piece in (b"GET /healthz HT", b"TP/1.1\r\nHost: x\r\nConnection: close", b"\r\n\r\n"):
            connection.sendall(piece)
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_many_requests_on_one_connection_in_one_piece(port: int) -> None:
    """Pipelined, with bodies larger than a head may be: only heads are measured."""
    body = json.dumps({**ASKED, "code": "x" * 6_000}).encode()
    one = HEAD + KEY + b"Content-Length: %d\r\n\r\n" % len(body) + body
    last = one.replace(b"Host: x", b"Host: x\r\nConnection: close")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(one * 3 + last)
        replies = read_all(connection)
    assert replies.count(b"HTTP/1.1 503 ") == 4, "no version is live"


def test_whoever_closes_half_way_harms_nobody(port: int) -> None:
    for cut in (1, 30, 200):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall((HEAD + KEY + b"Content-Length: 10\r\n\r\n{}")[:cut])
    reply: Any = httpx.get(f"http://127.0.0.1:{port}/v1/models", headers=AUTHORIZATION)
    assert reply.status_code == 200
