"""The outermost layer, driven as an ASGI server drives it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import RequestTooLarge
from gateway.edge import BodyLimit, RequestIds


def drive(app: ASGIApp, *bodies: bytes, kind: str = "http", **headers: str) -> list[Message]:
    """Send one request in pieces; what the application sent back."""
    sent: list[Message] = []
    waiting = [
        {"type": "http.request", "body": body, "more_body": place + 1 < len(bodies)}
        for place, body in enumerate(bodies)
    ]

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": kind, "method": "POST", "path": "/", "headers": raw}
    asyncio.run(app(scope, receive, send))
    return sent


async def half_an_answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("in the middle")


async def nobody_left(scope: Scope, receive: Receive, send: Send) -> None:
    raise ClientDisconnect


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})


def ids(app: ASGIApp) -> RequestIds:
    return RequestIds(app, new_request_id=lambda: "made-up")


def test_half_an_answer_breaks_visibly() -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        drive(ids(half_an_answer), b"")


def test_a_caller_that_left_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    assert drive(ids(nobody_left), b"") == []
    assert not caplog.records


def test_a_given_id_is_kept_in_the_state_and_sent_back() -> None:
    (start,) = drive(ids(read_all), b"", x_request_id="given")
    assert (b"x-request-id", b"given") in start["headers"]


@pytest.mark.parametrize("bodies", [(b"x" * 11,), (b"x" * 6, b"x" * 5), (b"x",) * 11])
def test_one_byte_too_many_raises_into_the_reader(bodies: tuple[bytes, ...]) -> None:
    with pytest.raises(RequestTooLarge, match="10 bytes"):
        drive(BodyLimit(read_all, limit_bytes=10), *bodies)


@pytest.mark.parametrize("declared", ["11", "9" * 5_000])
def test_a_declared_length_is_believed_when_too_large(declared: str) -> None:
    with pytest.raises(RequestTooLarge):
        drive(BodyLimit(read_all, limit_bytes=10), b"x", content_length=declared)


@pytest.mark.parametrize("declared", ["10", "", "-5", "many", "0" * 40])
def test_a_declared_length_is_not_believed_when_small(declared: str) -> None:
    limited = BodyLimit(read_all, limit_bytes=10)
    assert drive(limited, b"x" * 10, content_length=declared)[0]["status"] == 200
    with pytest.raises(RequestTooLarge):
        drive(limited, b"x" * 11, content_length=declared)


@pytest.mark.parametrize("wrap", [ids, lambda app: BodyLimit(app, limit_bytes=0)])
def test_what_is_not_http_passes_untouched(wrap: Any) -> None:
    assert drive(wrap(read_all), b"xxx", kind="websocket")[0]["headers"] == []
