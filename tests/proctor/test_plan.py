"""The gateway's plan follows the ledger, and outlives it."""

from __future__ import annotations

import logging
import math
import sqlite3
import time
from pathlib import Path

import pytest

from contracts.errors import AnswererAway
from contracts.traffic import TrafficSplit
from gateway.plan import TrafficPlan
from proctor.plan import LedgerPlan, plan_of
from registry.events import Occupant, Payload, SlotAssigned, SlotRetired, TrafficMoved
from registry.ledger import Ledger
from registry.state import RegistryState
from tests.waiting import wait_until


def runs(version: str, url: str = "http://127.0.0.1:3001") -> Occupant:
    return Occupant(
        model="coding-mcqa",
        version=version,
        digest="sha256:" + version[0] * 64,
        scoring="text",
        url=url,
        bento=f"coding_mcqa:{version}",
    )


def add(ledger: Ledger, *payloads: Payload) -> None:
    for payload in payloads:
        with ledger.write() as writer:
            writer.append("coding-mcqa", payload, who="test", why="test", commit="none")


def stable(plan: TrafficPlan) -> str | None:
    backend = plan.slots.get("stable")
    return backend.version.version if backend else None


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Ledger:
    return Ledger(f"sqlite:///{path}")


def test_a_ledger_that_cannot_be_read_gives_no_plan(path: Path, ledger: Ledger) -> None:
    path.write_bytes(b"no database " * 100)
    plan = LedgerPlan(ledger)
    assert not plan.refresh()
    with pytest.raises(AnswererAway, match="not known yet") as told:
        plan.current()
    assert str(path) not in str(told.value)


def test_an_empty_ledger_gives_an_empty_plan(ledger: Ledger) -> None:
    plan = LedgerPlan(ledger)
    assert plan.refresh()
    assert plan.current() == TrafficPlan()


def test_slots_come_and_go(ledger: Ledger) -> None:
    plan = LedgerPlan(ledger)
    add(ledger, SlotAssigned(slot="stable", runs=runs("1")))
    assert plan.refresh()
    backend = plan.current().slots["stable"]
    assert backend.url == "http://127.0.0.1:3001"
    assert backend.version.digest == "sha256:" + "1" * 64
    add(ledger, SlotAssigned(slot="stable", runs=runs("2")))
    assert plan.refresh()
    assert stable(plan.current()) == "2"
    add(ledger, SlotRetired(slot="stable"))
    assert plan.refresh()
    assert stable(plan.current()) is None


def test_the_last_plan_stays_while_the_ledger_is_away(
    path: Path, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    plan = LedgerPlan(ledger)
    add(ledger, SlotAssigned(slot="stable", runs=runs("1")))
    plan.refresh()
    hidden = path.with_suffix(".hidden")
    path.rename(hidden)
    assert not plan.refresh()
    assert not plan.refresh()
    assert stable(plan.current()) == "1"
    assert caplog.text.count("the plan stays as it was") == 1
    hidden.rename(path)
    add(ledger, SlotAssigned(slot="stable", runs=runs("2")))
    assert plan.refresh()
    assert stable(plan.current()) == "2"
    assert "follows the ledger again" in caplog.text


@pytest.mark.parametrize("versions", ["4", "45", "456", "4567"])
def test_a_ledger_that_took_the_place_of_another_is_read_anew(
    path: Path, ledger: Ledger, versions: str
) -> None:
    plan = LedgerPlan(ledger)
    for version in "123":
        add(ledger, SlotAssigned(slot="stable", runs=runs(version)))
    plan.refresh()
    for old in path.parent.iterdir():
        old.unlink()
    for version in versions:
        add(ledger, SlotAssigned(slot="stable", runs=runs(version)))
    assert plan.refresh()
    assert stable(plan.current()) == versions[-1]


def test_an_event_that_cannot_be_a_plan_leaves_the_old_one(ledger: Ledger) -> None:
    plan = LedgerPlan(ledger)
    add(ledger, SlotAssigned(slot="stable", runs=runs("1")))
    plan.refresh()
    add(ledger, SlotAssigned(slot="stable", runs=runs("2", url="not a url")))
    assert not plan.refresh()
    assert stable(plan.current()) == "1"
    add(ledger, SlotAssigned(slot="stable", runs=runs("3")))
    assert plan.refresh()
    assert stable(plan.current()) == "3"


def test_a_row_that_is_no_event_leaves_the_old_plan(path: Path, ledger: Ledger) -> None:
    plan = LedgerPlan(ledger)
    add(ledger, SlotAssigned(slot="stable", runs=runs("1")))
    plan.refresh()
    with sqlite3.connect(path) as raw:
        raw.execute(
            'INSERT INTO proctor_events SELECT 2, at, model, kind, who, why, "commit",'
            " '{}', previous, 'x' FROM proctor_events"
        )
    raw.close()
    assert not plan.refresh()
    assert stable(plan.current()) == "1"


def test_slots_that_the_gateway_does_not_know_are_left_out() -> None:
    slots = {"stable": runs("1", "http://a:1/"), "shadow": runs("2")}
    plan = plan_of(RegistryState(slots=slots))
    assert set(plan.slots) == {"stable"}
    assert plan.slots["stable"].url == "http://a:1"


def test_callers_shares_reach_the_plan_and_outlive_the_ledger(path: Path, ledger: Ledger) -> None:
    clock = [100.0]
    plan = LedgerPlan(ledger, clock=lambda: clock[0])
    assert plan.age_seconds() == math.inf
    tenth = TrafficSplit(canary_ratio=0.1, salt="s")
    add(ledger, SlotAssigned(slot="stable", runs=runs("1")))
    add(ledger, SlotAssigned(slot="canary", runs=runs("2")), TrafficMoved(split=tenth))
    assert plan.refresh()
    assert plan.current().split == tenth
    clock[0] = 101.5
    path.write_bytes(b"no database " * 1_000)  # killed while it wrote
    assert not plan.refresh()
    assert plan.current().split == tenth
    assert set(plan.current().slots) == {"stable", "canary"}
    assert plan.age_seconds() == 1.5


def test_it_follows_within_half_a_second(ledger: Ledger) -> None:
    with LedgerPlan(ledger) as plan:
        assert stable(plan.current()) is None
        for version in "123":
            add(ledger, SlotAssigned(slot="stable", runs=runs(version)))
            begun = time.monotonic()
            wait_until(lambda wanted=version: stable(plan.current()) == wanted, 5, "it follows")  # type: ignore[misc]
            assert time.monotonic() - begun < 0.5
