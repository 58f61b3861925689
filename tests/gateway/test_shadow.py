"""Work that nobody waits for: bounded, counted, and over in time."""

from __future__ import annotations

import asyncio

import pytest

from gateway.shadow import Shadows, ShadowStats
from tests.gateway.virtual_time import now, run


def test_what_there_is_no_room_for_is_dropped_and_counted() -> None:
    async def scene() -> None:
        shadows = Shadows(3)
        for _ in range(2):
            if shadows.has_room(2):
                shadows.start(2, asyncio.sleep(1.0))
        assert shadows.stats() == ShadowStats(asked_total=2, dropped_total=2, under_way=2)
        assert shadows.has_room(1)
        await asyncio.sleep(1.5)
        assert shadows.stats() == ShadowStats(asked_total=2, dropped_total=2, under_way=0)
        assert shadows.has_room(3)
        assert not shadows.has_room(4)

    run(scene())


@pytest.mark.parametrize(("seconds", "dropped", "took"), [(5.0, 0, 2.0), (1.0, 1, 1.0)])
def test_the_end_waits_so_long_and_no_longer(seconds: float, dropped: int, took: float) -> None:
    ended = []

    async def work(number: int) -> None:
        try:
            await asyncio.sleep(number)
        finally:
            ended.append(number)

    async def scene() -> None:
        shadows = Shadows(9)
        for number in (0, 2):
            assert shadows.has_room(1)
            shadows.start(1, work(number))
        await shadows.close(seconds)
        assert now() == took
        assert shadows.stats() == ShadowStats(2, dropped, 0)
        assert not shadows.has_room(1), "nothing begins after the end"

    run(scene())
    assert ended == [0, 2]


def test_a_defect_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def break_down() -> None:
        raise RuntimeError("a defect")

    async def scene() -> ShadowStats:
        shadows = Shadows(1)
        assert shadows.has_room(1)
        shadows.start(1, break_down())
        await asyncio.sleep(1.0)
        return shadows.stats()

    assert run(scene()).under_way == 0
    assert "a defect" in caplog.text
