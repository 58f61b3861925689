"""The outermost layers, driven as an ASGI server drives them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import BodyTooSlow, Overloaded, RequestTooLarge
from gateway.bodies import BodyLimit, HeldBodies
from gateway.edge import Edge
from gateway.spans import Spans
from gateway.visits import Visit


def drive(app: ASGIApp, *bodies: bytes, kind: str = "http", **headers: str) -> list[Message]:
    """Send one request in pieces; what the application sent back. After the last piece
    nothing comes, as from a caller that waits."""
    sent: list[Message] = []
    waiting = [
        {"type": "http.request", "body": body, "more_body": place + 1 < len(bodies)}
        for place, body in enumerate(bodies)
    ]

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
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


def edge(app: ASGIApp, **changed: Any) -> Edge:
    given: dict[str, Any] = {
        "new_request_id": lambda: "made-up",
        "clock": itertools.count().__next__,
        "spans": Spans(),
        **changed,
    }
    return Edge(app, **given)


def limited(app: ASGIApp, **changed: Any) -> BodyLimit:
    given: dict[str, Any] = {
        "limit_bytes": 10,
        "limit_seconds": 60.0,
        "bodies": HeldBodies(100),
        **changed,
    }
    return BodyLimit(app, **given)


def test_half_an_answer_breaks_visibly() -> None:
    over: list[Visit] = []
    with pytest.raises(RuntimeError, match="in the middle"):
        drive(edge(half_an_answer, ended=[over.append]), b"")
    assert (over[0].status, over[0].problem) == (200, "unexpected")


def test_a_caller_that_left_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    over: list[Visit] = []
    assert drive(edge(nobody_left, ended=[over.append]), b"") == []
    assert not caplog.records
    assert (over[0].status, over[0].problem) == (499, None)


def test_what_was_taken_is_given_back_whatever_happens() -> None:
    given_back: list[int] = []

    async def taking(scope: Scope, receive: Receive, send: Send) -> None:
        visit = scope["state"]["visit"]
        visit.leaving.append(lambda over: given_back.append(over.status))
        raise ClientDisconnect

    drive(edge(taking), b"")
    assert given_back == [499]


def test_a_given_id_is_kept_and_sent_back() -> None:
    over: list[Visit] = []
    (start,) = drive(edge(read_all, ended=[over.append]), b"", x_request_id="given")
    assert (b"x-request-id", b"given") in start["headers"]
    assert (over[0].request_id, over[0].status, over[0].seconds) == ("given", 200, 1)


def test_a_draining_gateway_closes_its_connections() -> None:
    (start,) = drive(edge(read_all, draining=lambda: True), b"")
    assert (b"connection", b"close") in start["headers"]
    (start,) = drive(edge(read_all), b"")
    assert b"connection" not in dict(start["headers"])


@pytest.mark.parametrize("bodies", [(b"x" * 11,), (b"x" * 6, b"x" * 5), (b"x",) * 11])
def test_one_byte_too_many_raises_into_the_reader(bodies: tuple[bytes, ...]) -> None:
    with pytest.raises(RequestTooLarge, match="10 bytes"):
        drive(limited(read_all), *bodies)


@pytest.mark.parametrize("declared", ["11", "9" * 5_000])
def test_a_declared_length_is_believed_when_too_large(declared: str) -> None:
    with pytest.raises(RequestTooLarge):
        drive(limited(read_all), b"x", content_length=declared)


@pytest.mark.parametrize("declared", ["10", "", "-5", "many", "0" * 40])
def test_a_declared_length_is_not_believed_when_small(declared: str) -> None:
    app = limited(read_all)
    assert drive(app, b"x" * 10, content_length=declared)[0]["status"] == 200
    with pytest.raises(RequestTooLarge):
        drive(app, b"x" * 11, content_length=declared)


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def reads_on(scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            await receive()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        assert message["more_body"]
        await receive()

    pieces = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def receive() -> Message:
        for piece in pieces:
            return piece
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None: ...

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    with pytest.raises(BodyTooSlow, match=r"within 0\.01 s"):
        asyncio.run(limited(stuck, limit_seconds=0.01)(scope, receive, send))


def test_waiting_for_a_caller_to_leave_has_no_end() -> None:
    """A stream's watcher reads on when the body is whole: that is no slow body."""

    async def watches(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 0.05)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    assert drive(limited(watches, limit_seconds=0.01), b"x")[0]["status"] == 200


def test_all_bodies_together_are_bounded_and_given_back() -> None:
    bodies = HeldBodies(15)
    bodies.held = 8  # of others
    app = limited(read_all, bodies=bodies)
    with pytest.raises(Overloaded, match="15 bytes"):
        drive(app, b"x" * 8)
    assert drive(app, b"x" * 7)[0]["status"] == 200
    assert bodies.held == 8


@pytest.mark.parametrize("wrap", [edge, lambda app: limited(app, limit_bytes=0)])
def test_what_is_not_http_passes_untouched(wrap: Callable[[ASGIApp], ASGIApp]) -> None:
    assert drive(wrap(read_all), b"xxx", kind="websocket")[0]["headers"] == []
