"""Purged means gone: from the answers of readers, and from the bytes of the files."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from answerlog.reader import LogReader
from answerlog.recorder import open_answer_log
from answerlog.records import caller_hash
from answerlog.retention import purge
from answerlog.store import LogStore
from contracts.answers import AnswerRequest
from contracts.times import stamp
from tests.answerlog.making import KEY, START, ids, record, right
from tests.answerlog.test_recorder import everything

EVE, ADA = caller_hash("header", "eve"), caller_hash("header", "ada")


def secret(number: int) -> AnswerRequest:
    return AnswerRequest(question=f"the secret of {number} " * 30, choices=("1", "2"))


def open_one(number: int) -> AnswerRequest:
    return AnswerRequest(question=f"an open matter {number} " * 30, choices=("1", "2"))


def fill(store: LogStore) -> None:
    """Lines of two callers in turn, so that pages hold both."""
    with open_answer_log(store, keep_questions=True) as log:
        for number in range(400):
            # Ids in no order: pages of the indexes are split, and leave copies behind.
            eve, ada = (sha256(f"{name}{number}".encode()).hexdigest() for name in "ea")
            log.record(record(f"{eve}-eve", caller=EVE, question=secret(number)))
            log.record(record(f"{ada}-ada", caller=ADA, question=open_one(number)))
            if number % 50 == 0:
                log.flush()


@pytest.mark.parametrize("gateway", ["runs", "ended"])
def test_no_byte_of_a_purged_text_is_left(tmp_path: Path, gateway: str) -> None:
    store = LogStore(f"sqlite:///{tmp_path}/answers.db")
    fill(store)
    before = everything(tmp_path)
    assert b"the secret" in before
    if gateway == "runs":
        with open_answer_log(store, keep_questions=True) as log:
            log.record(record("last-eve", caller=EVE, question=secret(400)))
            log.flush()
            gone = purge(store, callers=[EVE])
            found = everything(tmp_path)
            log.record(record("after"))
        assert gone.lines == 401
    else:
        gone = purge(store, callers=[EVE])
        found = everything(tmp_path)
        assert gone.lines == 400
    assert (gone.compacted, gone.reason) == (True, "")
    assert len(found) < 0.7 * len(before), "and the room is given back"
    assert b"the secret" not in found
    assert EVE.encode() not in found
    assert b"-eve" not in found
    assert b"-ada" in found
    left = ids(list(LogReader(store).lines()))
    assert [name[-4:] for name in left[:400]] == ["-ada"] * 400


def test_a_reader_at_work_is_told_of_and_the_same_call_ends_it(tmp_path: Path) -> None:
    store = LogStore(f"sqlite:///{tmp_path}/answers.db", busy_seconds=0.05)
    fill(store)
    with store.reading() as connection:
        assert connection is not None
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM proctor_answers").scalar()
        gone = purge(store, callers=[EVE])
        assert (gone.lines, gone.compacted) == (400, False)
        assert gone.reason
        connection.exec_driver_sql("COMMIT")
    again = purge(store, callers=[EVE])
    assert (again.lines, again.compacted) == (0, True)
    assert b"the secret" not in everything(tmp_path)


def test_a_dry_run_counts_and_removes_nothing(url: str) -> None:
    store = LogStore(url)
    with open_answer_log(store) as log:
        log.record(record("r1"))
        log.record(record("r2", at=stamp(START + timedelta(days=1))))
        log.flush()
        asyncio.run(log.feedback(KEY, right("A", "r1")))
    found = purge(store, before=START + timedelta(hours=1), dry_run=True)
    assert (found.lines, found.feedback, found.compacted) == (1, 1, False)
    assert len(list(LogReader(store).lines())) == 2
    assert purge(store, before=START + timedelta(hours=1)).lines == 1
    assert ids(list(LogReader(store).lines())) == ["r2"]


def test_more_lines_than_one_step(tmp_path: Path) -> None:
    store = LogStore(f"sqlite:///{tmp_path}/answers.db")
    fill(store)
    assert purge(store, callers=[EVE], step_lines=7).lines == 400
    assert len(list(LogReader(store).lines())) == 400


def test_a_purge_of_everything_has_to_be_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither"):
        purge(LogStore(f"sqlite:///{tmp_path}/answers.db"))
