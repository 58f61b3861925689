"""``proctor log``: what it shows, what it removes, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from answerlog.reader import LogReader
from answerlog.recorder import open_answer_log
from answerlog.records import caller_hash
from answerlog.store import LogStore
from contracts.times import stamp
from tests.answerlog.making import KEY, ids, record, right, shadow
from tests.waiting import free_port

ROOT = Path(__file__).parents[3]
LONG_AGO = stamp(datetime.now(UTC) - timedelta(days=40))


def proctor(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proctor", *words],
        cwd=ROOT,
        env={**os.environ, "PROCTOR_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    """Three callers' lines, one of them old, and feedback on one."""
    store = LogStore(f"sqlite:///{tmp_path}/answers.db")
    now = stamp(datetime.now(UTC))
    with open_answer_log(store) as log:
        log.record(record("old", at=LONG_AGO))
        log.record(record("r1", at=now))
        log.record(shadow("r1", at=now, letter="B"))
        for source in ("header", "key"):
            eve = caller_hash(source, "eve")  # type: ignore[arg-type] # both are sources
            log.record(record(f"eve-{source}", at=now, caller=eve, caller_source=source))
        log.record(record("r2", at=now, item=3, letter=None))
        asyncio.run(log.feedback(KEY, right("A", "r1")))
    return store


def left(store: LogStore) -> list[str]:
    return ids(list(LogReader(store).lines()))


def test_purge_by_caller(store: LogStore, tmp_path: Path) -> None:
    dry = proctor(tmp_path, "log", "purge", "--caller", "eve", "--dry-run")
    assert (dry.returncode, dry.stdout) == (
        0,
        f"would remove 2 answers and 0 feedbacks from sqlite:///{tmp_path}/answers.db\n",
    )
    assert len(left(store)) == 6
    done = proctor(tmp_path, "log", "purge", "--caller", "eve", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "lines": 2, "feedback": 0, "compacted": True, "reason": "",
    }  # fmt: skip
    assert left(store) == ["old", "r1", "r1", "r2"]


def test_purge_by_age(store: LogStore, tmp_path: Path) -> None:
    done = proctor(tmp_path, "log", "purge", "--older-than", "30d")
    assert (done.returncode, done.stdout) == (
        0,
        f"removed 1 answers and 0 feedbacks from sqlite:///{tmp_path}/answers.db\n",
    )
    assert "old" not in left(store)
    assert len(left(store)) == 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "either --caller or --older-than is wanted"),
        (["--caller", "eve", "--older-than", "1d"], "either --caller or --older-than"),
        (["--older-than", "soon"], "'soon' is no age"),
    ],
)
def test_a_purge_that_is_not_clear_removes_nothing(
    store: LogStore, tmp_path: Path, words: list[str], told: str
) -> None:
    done = proctor(tmp_path, "log", "purge", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(left(store)) == 6


def test_a_purge_that_could_not_overwrite_says_so(store: LogStore, tmp_path: Path) -> None:
    with store.reading() as connection:
        assert connection is not None
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM proctor_answers").scalar()
        done = proctor(tmp_path, "log", "purge", "--caller", "eve")
        connection.exec_driver_sql("COMMIT")
    assert done.returncode == 3
    assert done.stdout.startswith("removed 2 answers")
    assert "may hold bytes of them still" in done.stderr
    assert "Run the same command again." in done.stderr
    assert proctor(tmp_path, "log", "purge", "--caller", "eve").returncode == 0


def test_show(store: LogStore, tmp_path: Path) -> None:
    done = proctor(tmp_path, "log", "show", "--last", "5")
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in row.split("│")[1:-1]]
            for row in done.stdout.splitlines() if row.startswith("│")]  # fmt: skip
    assert [row[2] for row in rows] == ["r1", "r1", "eve-header", "eve-key", "r2[3]"]
    assert rows[0][3:] == [
        "live", "stable", "coding-mcqa/3", "answered", "A 0.50", "12.5", "A",
    ]  # fmt: skip
    assert rows[4][6:8] == ["failed deadline-passed", ""]
    lines = json.loads(proctor(tmp_path, "log", "show", "--last", "1", "--json").stdout)
    assert [line["record"]["request_id"] for line in lines] == ["r2"]


def test_stats(store: LogStore, tmp_path: Path) -> None:
    told = json.loads(proctor(tmp_path, "log", "stats", "--json").stdout)
    assert (told["schema_version"], told["lines"], told["feedback"]) == (1, 6, 1)
    assert told["first_at"] == LONG_AGO
    assert told["size_bytes"] > 10_000
    accuracies = {(kind["role"], kind["slot"]): kind["accuracy"] for kind in told["kinds"]}
    assert accuracies == {("live", "stable"): 1.0, ("shadow", "canary"): 0.0}
    table = proctor(tmp_path, "log", "stats").stdout
    assert "6 lines, 1 feedbacks" in table
    assert "1.000" in table
    none = json.loads(proctor(tmp_path, "log", "stats", "--salt", "other", "--json").stdout)
    assert none["kinds"] == []


@pytest.mark.parametrize("words", [["show"], ["stats"], ["purge", "--caller", "eve"]])
def test_no_log_yet_is_an_empty_one(tmp_path: Path, words: list[str]) -> None:
    done = proctor(tmp_path, "log", *words)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["show"], ["stats"], ["purge", "--older-than", "1d"]])
def test_a_log_that_is_away_ends_with_3(tmp_path: Path, words: list[str]) -> None:
    url = f"postgresql://me:secret@127.0.0.1:{free_port()}/proctor"
    done = proctor(tmp_path, "log", *words, PROCTOR_ANSWER_LOG_URL=url)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: the answer log at postgresql+psycopg://me:***@")
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_gateway_refuses_a_log_of_a_later_proctor(store: LogStore, tmp_path: Path) -> None:
    connection = store.open_to_write()
    connection.exec_driver_sql("UPDATE proctor_answer_schema SET version = 9")
    store.close(connection)
    for words in (["gateway", "serve", "--port", str(free_port())], ["log", "stats"]):
        done = proctor(tmp_path, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "has schema 9, this Proctor knows 1: upgrade Proctor" in done.stderr
