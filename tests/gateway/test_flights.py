"""One call for many who wait: begun once, shared, ended when nobody is left."""

from __future__ import annotations

import asyncio

import pytest

from gateway.flights import Flight, Flights
from tests.gateway.virtual_time import now, run


class Calls:
    """Calls that take a second each, and what became of them."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0

    async def bring(self) -> list[str]:
        self.begun += 1
        try:
            await asyncio.sleep(1.0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return ["one", "two"]


async def wait(flight: Flight[str, str], key: str) -> str:
    with flight.waited_for():
        return await flight.landed(key)


def test_all_who_wait_get_what_one_call_brought() -> None:
    calls = Calls()

    async def scene() -> list[str]:
        flights: Flights[str, str] = Flights()
        flight = flights.begin(["a", "b"], 9.0, calls.bring)
        assert flights.about("a") is flights.about("b") is flight
        found = await asyncio.gather(wait(flight, "a"), wait(flight, "b"), wait(flight, "a"))
        assert len(flights) == 0
        return found

    assert run(scene()) == ["one", "two", "one"]
    assert (calls.begun, calls.cancelled) == (1, 0)


def test_who_began_it_may_leave() -> None:
    calls = Calls()

    async def scene() -> str:
        flights: Flights[str, str] = Flights()
        flight = flights.begin(["a", "b"], 9.0, calls.bring)
        first, second = (asyncio.create_task(wait(flight, "a")) for _ in range(2))
        await asyncio.sleep(0.5)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert run(scene()) == "one"
    assert calls.cancelled == 0


def test_the_last_one_to_leave_ends_the_call() -> None:
    calls = Calls()

    async def scene() -> None:
        flights: Flights[str, str] = Flights()
        flight = flights.begin(["a", "b"], 9.0, calls.bring)
        waiting = [asyncio.create_task(wait(flight, key)) for key in "ab"]
        await asyncio.sleep(0.5)
        for one in waiting:
            one.cancel()
        await asyncio.wait(waiting)
        assert flights.about("a") is None
        await asyncio.sleep(0)
        assert (calls.begun, calls.cancelled) == (1, 1)

    run(scene())


def test_a_call_that_ends_late_takes_nothing_from_the_next_one() -> None:
    calls = Calls()

    async def scene() -> None:
        flights: Flights[str, str] = Flights()
        first = flights.begin(["a", "b"], 9.0, calls.bring)
        with first.waited_for():
            await asyncio.sleep(0.5)
        # It was told to end, and has not heard of it yet.
        again = flights.begin(["a", "b"], 9.0, calls.bring)
        waiting = asyncio.create_task(wait(again, "b"))
        await asyncio.sleep(0.1)
        assert calls.cancelled == 1
        assert flights.about("a") is again
        assert await waiting == "two"
        assert now() == 1.5

    run(scene())


def test_an_error_of_the_call_is_raised_in_all_who_wait() -> None:
    async def break_down() -> list[str]:
        await asyncio.sleep(1.0)
        raise RuntimeError("a defect")

    async def scene() -> list[str | BaseException]:
        flights: Flights[str, str] = Flights()
        flight = flights.begin(["a", "b"], 9.0, break_down)
        waits = [wait(flight, "a"), wait(flight, "b")]
        found = await asyncio.gather(*waits, return_exceptions=True)
        assert len(flights) == 0
        return found

    assert [str(error) for error in run(scene())] == ["a defect", "a defect"]


def test_a_call_that_brings_too_little_is_an_error() -> None:
    async def bring_one() -> list[str]:
        return ["one"]

    async def scene() -> None:
        flights: Flights[str, str] = Flights()
        flight = flights.begin(["a", "b"], 9.0, bring_one)
        with pytest.raises(ValueError, match="shorter"):
            await wait(flight, "b")

    run(scene())
