from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from contracts.errors import BadParams, LedgerAway, LedgerCorrupt, StorageFull
from contracts.traffic import TrafficSplit
from registry.events import (
    NO_EVENT,
    BentoBuilt,
    EventKind,
    Occupant,
    SlotAssigned,
    SlotRetired,
    TrafficMoved,
    chain,
)
from registry.ledger import Ledger
from tests.postgres import empty_database
from tests.registry.making import MODEL, digest, registered
from tests.registry.processes import run_together
from tests.waiting import free_port

START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
BY = {"who": "tester", "why": "a test", "commit": "c0ffee"}


class Clock:
    """A clock that shows the times it was given, the last one for ever."""

    def __init__(self, *times: datetime) -> None:
        self._times = list(times)

    def __call__(self) -> datetime:
        return self._times.pop(0) if len(self._times) > 1 else self._times[0]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database; the same contract holds on each."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deep/ledger.db"
        return
    with empty_database(request.getfixturevalue("postgres_server")) as found:
        yield found


def _raw(url: str) -> sa.Engine:
    return sa.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool
    )


def add(ledger: Ledger, *versions: str) -> None:
    for version in versions:
        with ledger.write() as writer:
            writer.append(MODEL, registered(version, f"w{version}"), **BY)


def append_many(url: str, name: str, count: int) -> int:
    ledger = Ledger(url)
    for place in range(count):
        with ledger.write() as writer:
            writer.append(MODEL, registered(f"{name}{place}", f"{name}{place}"), **BY)
    return count


# ------------------------------------------------------------ the contract


def test_nothing_was_written(url: str) -> None:
    ledger = Ledger(url)
    assert ledger.events() == []
    assert ledger.state().seq == 0
    assert ledger.verify_chain() == 0


def test_what_is_appended_is_read_in_order_and_chained(url: str) -> None:
    ledger = Ledger(url)
    with ledger.write() as writer:
        first = writer.append(MODEL, registered("1"), **BY)
        assert "1" in writer.state.models[MODEL].versions, "a writer sees what it appended"
        second = writer.append(MODEL, BentoBuilt(version="1", tag="b:1", digest=digest("b")), **BY)
    assert Ledger(url).events() == [first, second]
    assert ledger.events(after=1) == [second]
    assert [first.seq, second.seq] == [1, 2]
    assert first.previous == NO_EVENT
    assert second.previous == first.hash
    assert second.kind is EventKind.BENTO_BUILT
    assert ledger.verify_chain() == 2
    assert ledger.state().seq == 2


def test_the_state_as_it_was_at_a_time(url: str) -> None:
    hour = timedelta(hours=1)
    ledger = Ledger(url, now=Clock(START, START + hour, START + 2 * hour))
    add(ledger, "1", "2", "3")
    for minutes, versions in ((-1, []), (0, ["1"]), (59, ["1"]), (60, ["1", "2"])):
        state = ledger.state(until=START + timedelta(minutes=minutes))
        found = state.models[MODEL].versions if state.models else {}
        assert list(found) == versions
    assert list(ledger.state().models[MODEL].versions) == ["1", "2", "3"]


def test_a_clock_set_back_keeps_the_times_in_order(url: str) -> None:
    ledger = Ledger(url, now=Clock(START, START - timedelta(days=1), START + timedelta(seconds=1)))
    add(ledger, "1", "2", "3")
    times = [event.at for event in ledger.events()]
    assert times == sorted(times)
    assert times[0] == times[1] < times[2]
    assert ledger.verify_chain() == 3


def test_an_exception_in_the_block_leaves_nothing(url: str) -> None:
    ledger = Ledger(url)
    add(ledger, "1")

    def fail() -> None:
        with ledger.write() as writer:
            writer.append(MODEL, registered("2", "v"), **BY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [event.seq for event in ledger.events()] == [1]
    add(ledger, "2")
    assert ledger.verify_chain() == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proctor_events SET who = 'nobody' WHERE seq = 1",
        "DELETE FROM proctor_events WHERE seq = 2",
    ],
)
def test_the_database_refuses_to_change_the_past(url: str, statement: str) -> None:
    ledger = Ledger(url)
    add(ledger, "1", "2")
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        _raw(url).begin() as connection,
    ):
        connection.exec_driver_sql(statement)
    assert ledger.verify_chain() == 2


@pytest.mark.parametrize("turn", range(3))
def test_processes_that_come_at_once_to_no_ledger_yet(tmp_path: Path, turn: int) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    jobs = [(append_many, (url, name, 2)) for name in "abcdef"]
    assert run_together(*jobs) == [(0, 2)] * 6
    assert Ledger(url).verify_chain() == 12


def test_two_processes_append_to_one_chain(url: str) -> None:
    assert run_together((append_many, (url, "a", 50)), (append_many, (url, "b", 50))) == [
        (0, 50),
        (0, 50),
    ]
    ledger = Ledger(url)
    assert ledger.verify_chain() == 100
    assert len(ledger.state().models[MODEL].versions) == 100


def test_a_column_that_a_reader_altered_is_found_and_never_built_upon(url: str) -> None:
    ledger = Ledger(url)
    add(ledger, "1", "2", "3")
    engine = _raw(url)
    with engine.begin() as connection:
        guard = (
            "DROP TRIGGER proctor_no_update"
            if url.startswith("sqlite")
            else "DROP TRIGGER proctor_append_only ON proctor_events"
        )
        connection.exec_driver_sql(guard)
        connection.exec_driver_sql("UPDATE proctor_events SET why = 'other' WHERE seq = 2")
    with pytest.raises(LedgerCorrupt) as found:
        ledger.verify_chain()
    assert found.value.seq == 2
    with pytest.raises(LedgerCorrupt):
        add(ledger, "4")
    assert len(ledger.events()) == 3


def test_a_reason_with_bytes_that_are_no_text(url: str) -> None:
    ledger = Ledger(url)
    with ledger.write() as writer:
        writer.append(MODEL, registered("1"), who="me", why="caf\udce9", commit="c")
    assert ledger.events()[0].why == r"caf\udce9"
    assert ledger.verify_chain() == 1


# ------------------------------------------------------------ PostgreSQL


@pytest.mark.integration
def test_postgresql_refuses_to_empty_the_ledger(postgres_server: str) -> None:
    ledger = Ledger(postgres_server)
    add(ledger, "1")
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        _raw(postgres_server).begin() as connection,
    ):
        connection.exec_driver_sql("TRUNCATE proctor_events")
    assert ledger.verify_chain() == 1


def test_postgresql_away(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"postgresql://me:secret@127.0.0.1:{free_port()}/proctor"
    began = time.monotonic()
    for call in (Ledger(url).events, lambda: add(Ledger(url), "1")):
        with pytest.raises(LedgerAway) as found:
            call()
        assert "secret" not in str(found.value)
    assert time.monotonic() - began < 10


# ------------------------------------------------------------ SQLite


def test_reading_an_absent_file_makes_none(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/absent/ledger.db")
    assert ledger.events() == []
    assert ledger.verify_chain() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    add(ledger, "1")
    with ledger.write() as writer:
        writer.append(MODEL, registered("2", "v"), **BY)
        assert len(ledger.events()) == 1
    assert len(ledger.events()) == 2


@pytest.mark.parametrize("kind", ["folder", "text", "file-above"])
def test_a_path_that_is_no_database(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "ledger.db"
    if kind == "folder":
        path.mkdir()
    else:
        path.write_text("This is a letter to a friend, and no database at all.\n" * 100)
    before = sorted(tmp_path.rglob("*"))
    if kind == "file-above":
        path = path / "ledger.db"
    ledger = Ledger(f"sqlite:///{path}")
    calls = [lambda: add(ledger, "1")]
    if kind != "file-above":  # there, nothing was ever written
        calls.append(ledger.events)
    for call in calls:
        with pytest.raises(LedgerAway, match=r"ledger\.db"):
            call()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://me:secret@host/name",
        "postgresql://me:secret@host:port/name",
        "nosuch+driver://me:secret@host/name",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_url_that_names_no_ledger(url: str) -> None:
    with pytest.raises(BadParams, match="PROCTOR_LEDGER_URL") as found:
        Ledger(url)
    assert "secret" not in str(found.value)


FILL = """
import resource, sys
from contracts.errors import StorageFull
from registry.ledger import Ledger
from tests.registry.test_ledger import add

url, limit, begun = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "True"
ledger = Ledger(url)
if begun:
    add(ledger, "1")
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    for number in range(2, 10_000):
        add(ledger, str(number))
except StorageFull:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kept = ledger.verify_chain()
    add(ledger, "after")
    assert ledger.verify_chain() == kept + 1
    print("full")
"""


@pytest.mark.parametrize(
    ("limit", "begun"), [(1, False), (1, True), (20_000, True), (200_000, True)]
)
def test_a_full_disk_loses_nothing_and_the_next_write_goes_on(
    tmp_path: Path, limit: int, begun: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, f"sqlite:///{tmp_path}/ledger.db", str(limit), str(begun)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "full\n"), done.stderr
    assert StorageFull.exit_code == 3


def test_a_slot_retired_that_was_never_assigned_is_no_fault(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    with ledger.write() as writer:
        writer.append(MODEL, SlotRetired(slot="canary"), **BY)
    assert ledger.state().slots == {}


def test_an_event_written_long_ago_keeps_its_hash() -> None:
    """Names in the code may change, what stands in a ledger may not."""
    event = chain(
        seq=1,
        at="2026-11-24T09:00:00.000000Z",
        model="coding-mcqa",
        payload=SlotAssigned(
            slot="stable",
            runs=Occupant(
                model="coding-mcqa",
                version="1",
                digest=digest("w"),
                scoring="text",
                url="http://127.0.0.1:3001",
                bento="coding_mcqa:1",
            ),
        ),
        who="ada@desk",
        why="proctor up",
        commit="c0ffee",
        previous=NO_EVENT,
    )
    assert event.hash == "sha256:eaf42f511f7111fd906fcd7ad699ddd751baf6163fc3e1124c352c7681586469"


def test_moved_traffic_keeps_its_hash() -> None:
    event = chain(
        seq=1,
        at="2026-11-24T09:00:00.000000Z",
        model="coding-mcqa",
        payload=TrafficMoved(
            split=TrafficSplit(canary_ratio=0.05, salt="coding-mcqa:2", shadow="canary"),
            rollout="r1",
        ),
        who="ada@desk",
        why="first step",
        commit="c0ffee",
        previous=NO_EVENT,
    )
    assert event.hash == "sha256:3cc1f71dae07c6e39c85d646c6743f9a34287aa4d533e2d030754a4fd97c0783"
