"""Work that ends when its caller leaves, and only then."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from gateway.leaving import while_there
from tests.gateway.virtual_time import now, run


class Caller:
    """Leaves after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._said = False

    async def receive(self) -> Message:
        if not self._said:
            self._said = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.sleep(self._seconds)
        return {"type": "http.disconnect"}


def alone() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


def test_who_stays_gets_what_the_work_gives() -> None:
    async def scene() -> None:
        assert await while_there(Caller(9.0).receive, asyncio.sleep(1.0, "done")) == "done"
        await asyncio.sleep(0)
        assert alone(), "nobody watches any more"
        with pytest.raises(ZeroDivisionError):
            await while_there(Caller(9.0).receive, fail())

    async def fail() -> None:
        await asyncio.sleep(1.0)
        raise ZeroDivisionError

    run(scene())


def test_who_leaves_has_the_work_cancelled() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.sleep(9.0)
        finally:
            ended.append(now())

    async def scene() -> None:
        with pytest.raises(ClientDisconnect):
            await while_there(Caller(2.0).receive, work())
        assert alone()
        await asyncio.sleep(1.0)  # what follows is not cancelled

    run(scene())
    assert ended == [2.0]


def test_another_cancellation_stays_one() -> None:
    async def scene() -> None:
        task = asyncio.create_task(while_there(Caller(9.0).receive, asyncio.sleep(9.0)))
        await asyncio.sleep(1.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert alone()

    run(scene())
