"""Looking after the answerers of a plan, in virtual time."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from gateway.health import Failure, HealthSettings
from gateway.plan import Backend, TrafficPlan
from gateway.watch import Watch
from tests.gateway.people import backend
from tests.gateway.virtual_time import now, run


class Looks:
    """What probes find, and when they were made."""

    def __init__(self) -> None:
        self.plan: TrafficPlan | None = TrafficPlan(slots={"stable": backend("1")})
        self.finds: Failure | None = None
        self.at: list[tuple[str, float]] = []
        self.defect = False

    def current(self) -> TrafficPlan | None:
        return self.plan

    async def probe(self, found: Backend) -> Failure | None:
        self.at.append((found.version.version, round(now(), 3)))
        if self.defect:
            raise RuntimeError("a defect")
        await asyncio.sleep(0.01)
        return self.finds

    def watch(self) -> Watch:
        clock = asyncio.get_running_loop().time
        return Watch(self.current, self.probe, HealthSettings(), clock)


def test_it_probes_a_few_times_a_second_and_more_seldom_what_is_ejected() -> None:
    looks = Looks()

    async def scene() -> None:
        watch = looks.watch()
        watch.start()
        await asyncio.sleep(1.0)
        looks.finds = "refused"
        await asyncio.sleep(6.0)
        await watch.close()

    run(scene())
    times = [at for _, at in looks.at]
    well = [at for at in times if at <= 1.0]
    assert len(well) == 4
    ill = [at for at in times if at > 1.0]
    gaps = [later - earlier for earlier, later in pairwise(ill)]
    assert gaps == pytest.approx([0.26, 0.51, 1.01, 2.01, 2.01], abs=0.02)


def test_what_left_the_plan_is_neither_probed_nor_known() -> None:
    looks = Looks()

    async def scene() -> None:
        watch = looks.watch()
        watch.start()
        await asyncio.sleep(0.5)
        assert set(watch.stats()) == {"stable"}
        looks.plan = None
        await asyncio.sleep(0.5)
        assert watch.stats() == {}
        before = len(looks.at)
        await asyncio.sleep(5.0)
        assert len(looks.at) == before
        looks.plan = TrafficPlan(slots={"canary": backend("2")})
        await asyncio.sleep(0.5)
        assert looks.at[-1][0] == "2"
        await watch.close()

    run(scene())


def test_ejections_of_all_that_was_in_a_slot_add_up() -> None:
    looks = Looks()
    looks.finds = "refused"

    async def scene() -> list[int]:
        watch, seen = looks.watch(), []
        watch.start()
        for version in "123":
            looks.plan = TrafficPlan(slots={"stable": backend(version)})
            await asyncio.sleep(1.0)
            seen.append(watch.stats()["stable"].ejections_total)
        await watch.close()
        return seen

    assert run(scene()) == [1, 2, 3]


def test_a_defect_of_ours_ends_no_looking(caplog: pytest.LogCaptureFixture) -> None:
    looks = Looks()
    looks.defect = True

    def broken() -> TrafficPlan | None:
        raise RuntimeError("a broken plan")

    async def scene() -> None:
        watch = looks.watch()
        watch.start()
        await asyncio.sleep(1.0)
        looks.current = broken  # type: ignore[method-assign]
        watch._plan = broken
        await asyncio.sleep(1.0)
        watch._plan = lambda: TrafficPlan(slots={"stable": backend("1")})
        before = len(looks.at)
        await asyncio.sleep(1.0)
        assert len(looks.at) > before
        await watch.close()

    run(scene())
    assert "a defect" in caplog.text
    assert "a broken plan" in caplog.text


def test_the_end_ends_probes_under_way() -> None:
    async def scene() -> None:
        async def hang(_: Backend) -> Failure | None:
            await asyncio.sleep(3_600.0)
            return None

        looks = Looks()
        watch = Watch(looks.current, hang, HealthSettings(), asyncio.get_running_loop().time)
        watch.start()
        await asyncio.sleep(1.0)
        await watch.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert now() == pytest.approx(1.0)

    run(scene())
