"""The two wires, over real sockets: what comes back, what goes wrong, and what is let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from gateway.wire import HttpxWire, NoReply, PooledWire, ReplyTooLong, Wire
from tests.waiting import free_port

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MakeWire = Callable[[], Wire]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture(params=["pooled", "httpx"])
def make_wire(request: pytest.FixtureRequest) -> MakeWire:
    if request.param == "pooled":
        return lambda: PooledWire(connect_seconds=1.0, most_connections=2)
    return lambda: HttpxWire(httpx.AsyncHTTPTransport(), connect_seconds=1.0)


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[str]:
    """A server that talks so; its URL."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1]) for line in head.splitlines() if b"content-length" in line.lower()
    ]
    return head, await reader.readexactly(lengths[0]) if lengths else b""


async def ask(wire: Wire, url: str, most_bytes: int = 1_000) -> tuple[int, bytes]:
    return await wire.post("stable", f"{url}/answer", b"{}", {"X-Request-Id": "r"}, most_bytes)


def test_a_reply_comes_as_it_is_over_one_connection(make_wire: MakeWire) -> None:
    connections, heads = 0, []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            head, body = await read_request(reader)
            heads.append(head.lower())
            writer.write(HEAD % len(body) + body)
        writer.close()

    async def scene() -> None:
        async with listening(talk) as url:
            wire = make_wire()
            for _ in range(2):
                assert await ask(wire, url) == (200, b"{}")
            await wire.close()

    asyncio.run(scene())
    assert connections == 1
    assert all(b"x-request-id: r\r\n" in head for head in heads)
    assert all(head.startswith(b"post /answer http/1.1\r\n") for head in heads)


def test_a_look_tells_the_status(make_wire: MakeWire) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _ = await read_request(reader)
        assert head.startswith(b"GET /readyz ")
        writer.write(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async def scene() -> int:
        async with listening(talk) as url:
            wire = make_wire()
            try:
                return await wire.look(f"{url}/readyz")
            finally:
                await wire.close()

    assert asyncio.run(scene()) == 503


def test_nobody_listening_is_refused(make_wire: MakeWire) -> None:
    async def scene() -> None:
        wire = make_wire()
        url = f"http://127.0.0.1:{free_port()}"
        for call in (ask(wire, url), wire.look(url)):
            with pytest.raises(NoReply) as found:
                await call
            assert found.value.failure == "refused"
        await wire.close()

    asyncio.run(scene())


def test_a_name_that_nobody_has_is_unreachable() -> None:
    """The network's names may be away for a moment: that is no word of the answerer's."""

    async def scene() -> str:
        wire = PooledWire(connect_seconds=1.0, most_connections=2)
        with pytest.raises(NoReply) as found:
            await ask(wire, "http://nobody.invalid")
        await wire.close()
        return found.value.failure

    assert asyncio.run(scene()) == "unreachable"


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\n", HEAD % 10 + b"half", b"nonsense\r\n\r\n"]
)
def test_half_a_reply_is_a_broken_connection(make_wire: MakeWire, said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(said)
        writer.close()

    async def scene() -> None:
        async with listening(talk) as url:
            wire = make_wire()
            with pytest.raises(NoReply) as found:
                await ask(wire, url)
            assert found.value.failure == "broken"
            await wire.close()

    asyncio.run(scene())


def test_no_more_of_a_reply_is_read_than_was_asked_for(make_wire: MakeWire) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(HEAD % 10**12)
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    async def scene() -> None:
        async with listening(talk) as url:
            wire = make_wire()
            with pytest.raises(ReplyTooLong):
                await ask(wire, url, most_bytes=100_000)
            await wire.close()

    asyncio.run(scene())


def test_a_redirect_is_not_followed(make_wire: MakeWire) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 307 Go\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async def scene() -> tuple[int, bytes]:
        async with listening(talk) as url:
            wire = make_wire()
            try:
                return await ask(wire, url)
            finally:
                await wire.close()

    assert asyncio.run(scene()) == (307, b"")


def test_a_question_that_is_cancelled_closes_its_connection(make_wire: MakeWire) -> None:
    """That is how an answerer hears that nobody waits any more."""

    async def scene() -> None:
        asked, left = asyncio.Event(), asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            asked.set()
            assert await reader.read() == b""
            left.set()
            writer.close()

        async with listening(talk) as url:
            wire = make_wire()
            asking = asyncio.create_task(ask(wire, url))
            await asked.wait()
            assert not left.is_set()
            asking.cancel()
            async with asyncio.timeout(10):
                await left.wait()
            await wire.close()

    asyncio.run(scene())


def test_a_slot_that_hangs_takes_no_connection_of_another_one_or_of_probes() -> None:
    async def scene() -> None:
        hung, both_hang = asyncio.Event(), asyncio.Semaphore(0)

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head, _ = await read_request(reader)
            if b"/hang" in head:
                both_hang.release()
                await hung.wait()
            writer.write(HEAD % 0)
            writer.close()

        async with listening(talk) as url:
            wire = PooledWire(connect_seconds=1.0, most_connections=2)
            hanging = [
                asyncio.create_task(wire.post("canary", f"{url}/hang", b"", {}, 10))
                for _ in range(5)
            ]
            for _ in range(2):
                await both_hang.acquire()
            async with asyncio.timeout(10):
                assert await wire.post("stable", f"{url}/answer", b"", {}, 10) == (200, b"")
                assert await wire.look(f"{url}/readyz") == 200
            hung.set()
            await asyncio.gather(*hanging)
            await wire.close()

    asyncio.run(scene())
