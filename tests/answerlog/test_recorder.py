"""The log as a gateway uses it, with its thread, on real files and in real processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from answerlog.memory import MemoryLog
from answerlog.reader import LogReader
from answerlog.recorder import AnswerLog, open_answer_log
from answerlog.records import caller_hash
from answerlog.store import LogStore
from answerlog.writer import WriterSettings
from contracts.errors import AnswerLogAway, AnswerNotFound
from tests.answerlog.making import KEY, QUESTION, ids, record, right, warnings_of
from tests.waiting import free_port, wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return LogStore(f"sqlite:///{tmp_path}/answers.db", busy_seconds=0.1)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_lines_are_written_without_being_asked_for(store: LogStore) -> None:
    with open_answer_log(store) as log:
        log.record(record("r1"))
        wait_until(lambda: log.stats().lines_written == 1, 10, "the line is written")
        log.record(record("r2"))
    assert ids(list(LogReader(store).lines())) == ["r1", "r2"]


def test_many_callers_give_feedback_at_once(store: LogStore) -> None:
    async def give_all(log: AnswerLog) -> None:
        for number in range(200):
            log.record(record(f"r{number}"))
        await asyncio.gather(
            *(log.feedback(KEY, right("A", f"r{number}")) for number in range(200))
        )

    with open_answer_log(store) as log:
        asyncio.run(give_all(log))
    reader = LogReader(store)
    assert reader.summary().feedback == 200
    assert all(line.correct for line in reader.lines())


def test_neither_texts_nor_callers_are_in_the_file(store: LogStore, tmp_path: Path) -> None:
    with open_answer_log(store) as log:
        log.record(record("r1", caller=caller_hash("header", "grace")))
        log.flush()
        found = everything(tmp_path)
    assert b"r1" in found
    assert b"print(" not in found
    assert b"grace" not in found
    [line] = LogReader(store).lines()
    assert line.record.question is None
    assert line.record.question_digest == record("r1").question_digest


def test_texts_are_kept_where_that_is_wanted(store: LogStore) -> None:
    with open_answer_log(store, keep_questions=True) as log:
        log.record(record("r1"))
    [line] = LogReader(store).lines()
    assert line.record.question == QUESTION
    twin = MemoryLog()
    twin.record(record("r1"))
    assert [one.record.question for one in twin.lines()] == [None]


def test_the_log_in_memory_is_bounded() -> None:
    twin = MemoryLog(most_lines=2)
    twin.record(record("r1"))
    asyncio.run(twin.feedback(KEY, right("A", "r1")))
    for number in range(2, 5):
        twin.record(record(f"r{number}"))
    assert ids(list(twin.lines())) == ["r3", "r4"]
    assert twin.summary().feedback == 0


def test_a_log_that_is_away_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    store = LogStore(f"postgresql://me:secret@127.0.0.1:{free_port()}/proctor")
    with open_answer_log(store, settings=WriterSettings(most_lines=2)) as log:
        for number in range(5):
            log.record(record(f"r{number}"))
        with pytest.raises(AnswerLogAway):
            asyncio.run(log.feedback(KEY, right("A", "r0")))
        stats = log.stats()
    assert (stats.lines_written, stats.queue_lines, stats.lines_dropped) == (0, 2, 3)
    assert stats.fault
    assert "their log does not" in warnings_of(caplog)[0]
    assert "secret" not in caplog.text


def test_a_log_that_hangs_refuses_feedback_in_time(store: LogStore) -> None:
    slow = LogStore(store.shown, busy_seconds=30.0)
    with open_answer_log(slow) as log:
        log.record(record("r1"))
        log.flush()
        log._feedback_seconds = 0.1
        other = store.open_to_write()
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(AnswerLogAway, match=r"within 0\.1 s"):
            asyncio.run(log.feedback(KEY, right("A")))
        store.close(other)


def test_feedback_waits_for_another_gateway_that_is_just_writing(store: LogStore) -> None:
    with open_answer_log(store) as log, open_answer_log(store) as other:

        async def give() -> None:
            asked = asyncio.create_task(log.feedback(KEY, right("A")))
            await asyncio.sleep(0)
            other.record(record("r1"))
            await asked

        asyncio.run(give())
        with pytest.raises(AnswerNotFound):
            asyncio.run(log.feedback(KEY, right("A", "r2")))


# ------------------------------------------------------------ killed, and full

GIVE = """
import asyncio, sys
from answerlog.recorder import open_answer_log
from answerlog.store import LogStore
from tests.answerlog.making import KEY, record, right

with open_answer_log(LogStore(sys.argv[1])) as log:
    number = 0
    while True:
        number += 1
        log.record(record(f"r{number}"))
        asyncio.run(log.feedback(KEY, right("B", f"r{number}")))
        print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_killed_right_after_an_acknowledgement(url: str, acknowledged: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GIVE, url], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(acknowledged)]
        process.kill()
    assert told == [f"{number}\n" for number in range(1, acknowledged + 1)]
    store = LogStore(url)
    found = [(label.line.record.request_id, label.correct) for label in LogReader(store).labels()]
    assert found[:acknowledged] == [(f"r{n}", False) for n in range(1, acknowledged + 1)]
    assert len(found) <= acknowledged + 2
    # What was left behind holds nobody up.
    with open_answer_log(store) as log:
        log.record(record("after"))
    assert ids(list(LogReader(store).lines()))[-1] == "after"


FILL = """
import asyncio, resource, sys
from answerlog.reader import LogReader
from answerlog.recorder import open_answer_log
from answerlog.store import LogStore
from answerlog.writer import WriterSettings
from contracts.errors import StorageFull
from tests.answerlog.making import KEY, ids, record, right
from tests.waiting import wait_until

store, limit = LogStore(sys.argv[1]), int(sys.argv[2])
none = resource.RLIM_INFINITY
settings = WriterSettings(most_lines=100, retry_seconds=0.05)
if limit > 1:
    store.close(store.open_to_write())
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, none))
with open_answer_log(store, settings=settings) as log:
    number = failures = 0
    while failures < 20:  # once is not enough: the write-ahead log begins anew
        number += 1
        log.record(record(f"r{number}"))
        try:
            log.flush()
            failures = 0
        except StorageFull:
            failures += 1
    try:
        asyncio.run(log.feedback(KEY, right("A", f"r{number}")))
    except StorageFull as fault:
        assert "answers.db" in fault.fact
    else:
        raise SystemExit("feedback was acknowledged on a full disk")
    while not log.stats().lines_dropped:
        number += 1
        log.record(record(f"r{number}"))
    assert "no space is left" in log.stats().fault
    before = log.stats()
    resource.setrlimit(resource.RLIMIT_FSIZE, (none, none))
    wait_until(lambda: log.stats().queue_lines == 0, 20, "it goes on by itself")
    log.record(record("after"))
    asyncio.run(log.feedback(KEY, right("A", "after")))
    stats = log.stats()
written = ids(list(LogReader(store).lines()))
assert len(set(written)) == len(written) == stats.lines_written, "nothing twice"
assert stats.lines_written + stats.lines_dropped == number + 1, "nothing unaccounted for"
assert written[-1] == "after"
print("full", stats.lines_dropped > 0, before.queue_lines)
"""


@pytest.mark.parametrize("limit", [1, 400_000])
def test_a_full_disk_is_counted_and_told_and_passes(tmp_path: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, f"sqlite:///{tmp_path}/answers.db", str(limit)],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "full True 100\n"), done.stderr
    assert done.stderr.count("their log does not") <= 2
    assert "no space is left" in done.stderr
