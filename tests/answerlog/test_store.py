"""The database under the log: made once, private, durable where it is promised, and a fault
of it is told in our words."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from answerlog.reader import LogReader
from answerlog.recorder import open_answer_log
from answerlog.retention import purge
from answerlog.schema import SCHEMA_VERSION
from answerlog.shelf import Batch, Given, SqlShelf
from answerlog.store import LogStore
from contracts.errors import AnswerLogAway, BadParams
from contracts.times import utc_now
from tests.answerlog.making import KEY, ids, record, right
from tests.waiting import free_port, wait_until


def shelf_in(store: LogStore, writer: str = "w") -> SqlShelf:
    return SqlShelf(store, writer=writer, keep_questions=False, now=utc_now)


def filled(url: str, *names: str) -> LogStore:
    store = LogStore(url)
    shelf = shelf_in(store)
    shelf.put(Batch(1, [record(name) for name in names or ("r1",)]), doubtful=False)
    shelf.close()
    return store


def raw(url: str) -> sa.Engine:
    return sa.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"),
        poolclass=sa.NullPool,
        isolation_level="AUTOCOMMIT",
    )


# ------------------------------------------------------------ both databases


def test_reading_makes_nothing(tmp_path: Path) -> None:
    store = LogStore(f"sqlite:///{tmp_path}/absent/answers.db")
    reader = LogReader(store)
    assert list(reader.lines()) == []
    assert (reader.summary().feedback, reader.summary().first_at) == (0, None)
    assert purge(store, callers=["x"]).lines == 0
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_no_fault(url: str) -> None:
    assert list(LogReader(LogStore(url)).lines()) == []


def test_a_newer_schema_is_refused_in_words(url: str) -> None:
    store = filled(url)
    with raw(url).connect() as connection:
        connection.exec_driver_sql("UPDATE proctor_answer_schema SET version = 7")
    for use in (
        lambda: open_answer_log(store),
        lambda: list(LogReader(store).lines()),
        lambda: purge(store, callers=["x"]),
    ):
        with pytest.raises(BadParams, match=f"schema 7, this Proctor knows {SCHEMA_VERSION}"):
            use()


def test_a_row_that_was_altered_is_named(url: str) -> None:
    store = filled(url, "r1", "r2")
    with raw(url).connect() as connection:
        connection.exec_driver_sql("UPDATE proctor_answers SET letter = 'Z' WHERE seq = 2")
    with pytest.raises(AnswerLogAway, match="its line 2 is none of ours: letter"):
        list(LogReader(store).lines())


def test_lines_of_two_writers_become_visible_in_the_order_of_their_numbers(url: str) -> None:
    """Whoever reads on from the last number must not pass over one that comes late."""
    store = LogStore(url, busy_seconds=30.0)
    shelf_in(store).close()
    store.close(store.open_to_write())
    ended, found = threading.Event(), list[int]()

    def write(name: str) -> None:
        shelf = shelf_in(store, name)
        for number in range(1, 41):
            lines = [record(f"{name}-{number}-{place}") for place in range(5)]
            shelf.put(Batch(number, lines), doubtful=False)
        shelf.close()

    def follow() -> None:
        reader = LogReader(store)
        while True:
            last = ended.is_set()
            found.extend(line.seq for line in reader.lines(after=found[-1] if found else 0))
            if last:
                return

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    follower = threading.Thread(target=follow)
    for thread in (*threads, follower):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    follower.join()
    assert found == sorted(found)
    assert len(found) == 2 * 40 * 5
    assert found == [line.seq for line in LogReader(store).lines()]


def test_what_was_acknowledged_as_durable_was_committed_so(url: str) -> None:
    store = filled(url)
    said: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(" ".join(statement.split()).partition(" (")[0])

    sa.event.listen(store._engine, "before_cursor_execute", listen)
    shelf = shelf_in(store)
    shelf.put(Batch(2, [record("r2")]), doubtful=False)
    del said[:]
    shelf.keep([Given(KEY, right("A", "r2"))])
    durable = list(said)
    del said[:]
    shelf.put(Batch(3, [record("r3")]), doubtful=False)
    shelf.close()
    if store.sqlite:
        assert durable[:2] == ["PRAGMA synchronous=FULL", "BEGIN IMMEDIATE"]
        assert durable[-2:] == ["INSERT INTO proctor_feedback", "COMMIT"]
        assert said[:2] == ["PRAGMA synchronous=NORMAL", "BEGIN IMMEDIATE"]
    else:
        assert "synchronous_commit = on" in durable[0]
        assert "synchronous_commit = off" in said[0]


def test_the_setting_that_makes_it_durable_is_taken(url: str) -> None:
    store = LogStore(url)
    connection = store.open_to_write()
    wanted = {True: "2", False: "1"} if store.sqlite else {True: "on", False: "off"}
    asked = "PRAGMA synchronous" if store.sqlite else "SHOW synchronous_commit"
    for durable, told in wanted.items():
        with store.transaction(connection, durable=durable):
            assert str(connection.exec_driver_sql(asked).scalar()) == told
    if store.sqlite:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    store.close(connection)


def test_an_exception_leaves_nothing(url: str) -> None:
    store = filled(url)
    connection = store.open_to_write()

    def fail() -> None:
        with store.transaction(connection, durable=False):
            connection.exec_driver_sql("DELETE FROM proctor_answers")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    store.close(connection)
    assert ids(list(LogReader(store).lines())) == ["r1"]


def test_many_at_once_make_one_schema(url: str) -> None:
    faults: list[BaseException] = []

    def make(name: str) -> None:
        try:
            shelf = shelf_in(LogStore(url, busy_seconds=30.0), name)
            shelf.put(Batch(1, [record(name)]), doubtful=False)
            shelf.close()
        except BaseException as fault:  # noqa: BLE001 - told to the test
            faults.append(fault)

    threads = [threading.Thread(target=make, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(list(LogReader(LogStore(url)).lines())) == 6


# ------------------------------------------------------------ SQLite


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    store = LogStore(f"sqlite:///{tmp_path}/answers.db")
    shelf = shelf_in(store)
    shelf.put(Batch(1, [record()]), doubtful=False)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    shelf.close()
    assert set(modes) == {"answers.db", "answers.db-wal", "answers.db-shm"}
    assert set(modes.values()) == {0o600}


def test_a_file_that_another_holds_is_away_and_comes_back(tmp_path: Path) -> None:
    store = LogStore(f"sqlite:///{tmp_path}/answers.db", busy_seconds=0.05)
    shelf = shelf_in(store)
    shelf.put(Batch(1, [record("r1")]), doubtful=False)
    other = store.open_to_write()
    other.exec_driver_sql("BEGIN IMMEDIATE")
    with pytest.raises(AnswerLogAway, match="locked"):
        shelf.put(Batch(2, [record("r2")]), doubtful=False)
    assert ids(list(LogReader(store).lines())) == ["r1"], "who reads waits for nobody"
    other.exec_driver_sql("ROLLBACK")
    store.close(other)
    shelf.put(Batch(2, [record("r2")]), doubtful=True)
    shelf.close()
    assert ids(list(LogReader(store).lines())) == ["r1", "r2"]


FILL = """
import resource, sys
from answerlog.store import LogStore
from answerlog.shelf import Batch
from contracts.errors import StorageFull
from tests.answerlog.making import record
from tests.answerlog.test_store import shelf_in

store, none = LogStore(sys.argv[1]), resource.RLIM_INFINITY
shelf = shelf_in(store)
if sys.argv[2] != "nothing":
    store.close(store.open_to_write())
if sys.argv[2] == "opened":
    shelf._opened()
if sys.argv[2] == "written":
    shelf.put(Batch(1, [record()]), doubtful=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (1, none))
for _ in range(3):
    try:
        shelf.put(Batch(2, [record()]), doubtful=True)
    except StorageFull:
        continue
    raise SystemExit("it was written")
resource.setrlimit(resource.RLIMIT_FSIZE, (none, none))
shelf.put(Batch(2, [record()]), doubtful=True)
"""


@pytest.mark.parametrize("before", ["nothing", "made", "opened", "written"])
def test_no_room_is_told_as_such_whatever_was_there(tmp_path: Path, before: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, f"sqlite:///{tmp_path}/answers.db", before],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["folder", "text", "file-above"])
def test_a_path_that_is_no_database(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "answers.db"
    if kind == "folder":
        path.mkdir()
    else:
        path.write_text("This is a letter to a friend, and no database at all.\n" * 100)
    if kind == "file-above":
        path = path / "answers.db"
    with pytest.raises(AnswerLogAway, match=r"answers\.db"):
        shelf_in(LogStore(f"sqlite:///{path}")).put(Batch(1, [record()]), doubtful=False)


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
def test_a_url_that_names_no_log(url: str) -> None:
    with pytest.raises(BadParams, match="PROCTOR_ANSWER_LOG_URL") as found:
        LogStore(url)
    assert "secret" not in str(found.value)


# ------------------------------------------------------------ PostgreSQL


@pytest.mark.integration
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ends_loses_and_repeats_nothing(url: str) -> None:
    store = LogStore(url)
    with open_answer_log(store) as log:
        for number in range(20):
            log.record(record(f"r{number}"))
            log.flush()
            if number % 5 == 0:
                with raw(url).connect() as connection:
                    connection.exec_driver_sql(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'proctor-answer-log'"
                    )

                def failed() -> bool:
                    log.record(record(f"x{number}"))  # noqa: B023 - called within the turn
                    return log.stats().fault is not None

                wait_until(failed, 20, "the writer sees that its connection is gone")
                wait_until(lambda: log.stats().fault is None, 20, "it writes again")
        accepted = log.stats().lines_written + log.stats().queue_lines
    written = ids(list(LogReader(store).lines()))
    assert len(written) == accepted
    assert [name for name in written if name.startswith("r")] == [f"r{n}" for n in range(20)]


def test_postgresql_away() -> None:
    store = LogStore(f"postgresql://me:secret@127.0.0.1:{free_port()}/proctor")
    for use in (store.open_to_write, lambda: list(LogReader(store).lines())):
        with pytest.raises(AnswerLogAway) as found:
            use()
        assert "secret" not in str(found.value)
        assert "\n" not in str(found.value)
