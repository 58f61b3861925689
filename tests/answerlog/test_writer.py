"""The writer turn by turn, on a real database whose faults are chosen: nothing accepted is
lost, nothing is there twice, memory is bounded, and what is acknowledged is there."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from answerlog.reader import LogReader
from answerlog.records import AnswerRecord
from answerlog.shelf import Batch, Given, Kept, SqlShelf
from answerlog.spool import LINE_BYTES
from answerlog.store import LogStore
from answerlog.writer import TOLD_SECONDS, Writer, WriterSettings
from contracts.answers import AnswerRequest
from contracts.errors import AnswerLogAway, AnswerNotFound, BadFeedback, StorageFull
from tests.answerlog.making import (
    KEY,
    QUESTION,
    Clock,
    ids,
    record,
    right,
    warnings_of,
)

FAULTS = ("away", "full", "lost", "unforeseen")


class FaultyShelf:
    """A shelf that fails as it is told to, call by call: before anything was done, or after
    all was done (``lost``: the commit counts and nobody hears of it)."""

    def __init__(self, shelf: SqlShelf) -> None:
        self._shelf = shelf
        self.shown = shelf.shown
        self.faults: list[str] = []
        self.lost_feedback: Counter[str] = Counter()
        self.puts: list[int] = []

    def _before(self) -> bool:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "away":
            raise AnswerLogAway(self.shown, "as told")
        if fault == "full":
            raise StorageFull(Path("answers.db"))
        if fault == "unforeseen":
            raise RuntimeError(fault)
        return fault == "lost"

    def put(self, batch: Batch, *, doubtful: bool) -> None:
        lost = self._before()
        self._shelf.put(batch, doubtful=doubtful)
        self.puts.append(len(batch.lines))
        if lost:
            raise AnswerLogAway(self.shown, "the commit's word was lost")

    def keep(self, given: Sequence[Given]) -> list[Kept]:
        lost = self._before()
        kept = self._shelf.keep(given)
        if lost:
            for one, outcome in zip(given, kept, strict=True):
                self.lost_feedback[one.feedback.request_id] += isinstance(outcome, str)
            raise AnswerLogAway(self.shown, "the commit's word was lost")
        return kept

    def close(self) -> None:
        self._shelf.close()


class Bench:
    """A writer without a thread, before a database in ``folder``."""

    def __init__(self, folder: Path, **bounds: int) -> None:
        self.clock = Clock()
        self.store = LogStore(f"sqlite:///{folder}/answers.db", busy_seconds=0.05)
        self.shelf = FaultyShelf(
            SqlShelf(self.store, writer="w", keep_questions=False, now=self.clock.date)
        )
        self.writer = Writer(self.shelf, WriterSettings(**bounds), clock=self.clock)
        self.reader = LogReader(self.store)

    def written(self) -> list[str]:
        return ids(list(self.reader.lines()))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, batch_lines=3, most_lines=8)


def poison(request_id: str) -> AnswerRecord:
    """A line that no database takes: half a character."""
    return record(request_id).model_copy(update={"trace_id": "\ud800"})


# ------------------------------------------------------------ any interleaving


class AnyInterleaving(RuleBasedStateMachine):
    MOST_LINES = 8
    MOST_BYTES = 7 * LINE_BYTES

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="proctor-answers-"))
        self.bench = Bench(
            self.folder, batch_lines=3, most_lines=self.MOST_LINES, most_bytes=self.MOST_BYTES
        )
        self.accepted: list[str] = []
        self.poisoned: set[str] = set()
        self.refused = 0
        self.numbers = 0
        self.given: list[tuple[str, Future[str]]] = []

    def teardown(self) -> None:
        try:
            self.bench.shelf.faults = []
            assert self.bench.writer.turn()
            self.check_all_is_there()
            self.bench.writer.close(seconds=1)
        finally:
            shutil.rmtree(self.folder)

    @rule(kind=st.sampled_from(["plain", "plain", "plain", "large", "poison"]))
    def record(self, kind: str) -> None:
        self.numbers += 1
        name = f"r{self.numbers}"
        long = AnswerRequest(question="x" * 15_000, choices=("1", "2"))
        line = poison(name) if kind == "poison" else record(name)
        if kind == "large":
            line = record(name, question=long)
        dropped = self.bench.writer.stats().lines_dropped
        self.bench.writer.record(line)
        if self.bench.writer.stats().lines_dropped > dropped:
            stats = self.bench.writer.stats()
            weight = LINE_BYTES + 16_000
            full = stats.queue_lines >= self.MOST_LINES
            assert full or stats.queue_bytes + weight > self.MOST_BYTES
            self.refused += 1
        else:
            self.accepted.append(name)
            if kind == "poison":
                self.poisoned.add(name)

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def feedback(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([*self.accepted[-10:], "unknown"]))
        self.given.append((name, self.bench.writer.submit(Given(KEY, right("A", name)))))

    @rule()
    def wait_for_the_lines_of_before(self) -> None:
        self.given.append(("", self.bench.writer.submit(None)))

    @rule(faults=st.lists(st.sampled_from(["", *FAULTS]), max_size=4))
    def turn(self, faults: list[str]) -> None:
        self.bench.shelf.faults = list(faults)
        if self.bench.writer.turn():
            self.check_all_is_there()
        self.bench.shelf.faults = []
        # Failed or not: who waited was told something.
        assert all(told.done() for _, told in self.given)

    def check_all_is_there(self) -> None:
        wanted = [name for name in self.accepted if name not in self.poisoned]
        assert self.bench.written() == wanted
        stats = self.bench.writer.stats()
        assert (stats.queue_lines, stats.queue_bytes) == (0, 0)
        assert stats.lines_written == len(wanted)
        assert stats.lines_dropped == self.refused + len(self.poisoned)

    @invariant()
    def nothing_is_there_twice_or_out_of_order(self) -> None:
        written = self.bench.written()
        wanted = [name for name in self.accepted if name not in self.poisoned]
        assert written == wanted[: len(written)]

    @invariant()
    def memory_is_bounded(self) -> None:
        stats = self.bench.writer.stats()
        assert 0 <= stats.queue_lines <= self.MOST_LINES
        assert 0 <= stats.queue_bytes <= self.MOST_BYTES

    @invariant()
    def what_was_acknowledged_is_there_once(self) -> None:
        there = Counter[str]()
        with self.bench.store.reading() as connection:
            if connection is not None:
                there.update(
                    connection.exec_driver_sql(
                        "SELECT request_id FROM proctor_feedback f"
                        " JOIN proctor_answers a ON a.seq = f.about"
                    ).scalars()
                )
        acknowledged = Counter[str]()
        for name, told in self.given:
            if not told.done():
                continue
            fault = told.exception()
            if fault is None and name:
                acknowledged[name] += 1
            if isinstance(fault, AnswerNotFound):
                assert name == "unknown" or name in self.poisoned
        # What nobody was told of is there once, too, where the commit counted.
        assert there == acknowledged + self.bench.shelf.lost_feedback


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


# ------------------------------------------------------------ one by one


@pytest.mark.parametrize("fault", FAULTS)
def test_a_batch_that_failed_is_written_once(bench: Bench, fault: str) -> None:
    for number in range(7):
        bench.writer.record(record(f"r{number}"))
    bench.shelf.faults = ["", fault]
    assert not bench.writer.turn()
    assert bench.writer.stats().fault
    assert bench.writer.turn()
    assert bench.written() == [f"r{number}" for number in range(7)]
    stats = bench.writer.stats()
    assert (stats.lines_written, stats.lines_dropped, stats.fault) == (7, 0, None)


def test_a_full_queue_drops_and_counts_the_newest(bench: Bench) -> None:
    for number in range(11):
        bench.writer.record(record(f"r{number}"))
    assert bench.writer.stats().lines_dropped == 3
    bench.writer.turn()
    assert bench.written() == [f"r{number}" for number in range(8)]
    bench.writer.record(record("again"))
    bench.writer.turn()
    assert bench.written()[-1] == "again"
    assert bench.shelf.puts == [3, 3, 2, 1]


def test_a_line_that_cannot_be_written_takes_no_other_with_it(bench: Bench) -> None:
    for name in ("r0", "bad1", "r1", "r2", "bad2"):
        bench.writer.record(poison(name) if name.startswith("bad") else record(name))
    asked = bench.writer.submit(Given(KEY, right("A", "r2")))
    assert bench.writer.turn()
    assert bench.written() == ["r0", "r1", "r2"]
    assert bench.writer.stats().lines_dropped == 2
    assert asked.result(0)


def test_feedback_overtakes_what_is_queued_behind_its_answer(bench: Bench) -> None:
    bench.writer.record(record("r0"))
    bench.writer.turn()
    for number in range(1, 8):
        bench.writer.record(record(f"r{number}"))
    known = bench.writer.submit(Given(KEY, right("A", "r0")))
    queued = bench.writer.submit(Given(KEY, right("A", "r2")))
    # Feedback, the batch with r2, feedback; the next batch fails.
    bench.shelf.faults = ["", "", "", "away"]
    assert not bench.writer.turn()
    assert known.result(0)
    assert queued.result(0)
    assert bench.writer.stats().queue_lines == 4


def test_lines_that_came_later_do_not_hold_up_a_refusal(bench: Bench) -> None:
    """Else feedback on an unknown answer would wait for as long as answers keep coming."""
    asked = bench.writer.submit(Given(KEY, right("A", "unknown")))
    bench.writer.record(record("r1"))
    bench.shelf.faults = ["", "away"]
    assert not bench.writer.turn()
    assert isinstance(asked.exception(0), AnswerNotFound)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("away", AnswerLogAway), ("full", StorageFull), ("unforeseen", AnswerLogAway)],
)
def test_feedback_that_could_not_be_written_is_not_acknowledged(
    bench: Bench, fault: str, error: type[Exception]
) -> None:
    bench.writer.record(record("r1"))
    bench.writer.turn()
    asked = bench.writer.submit(Given(KEY, right("A")))
    bench.shelf.faults = [fault]
    assert not bench.writer.turn()
    assert type(asked.exception(0)) is error
    assert bench.reader.summary().feedback == 0


def test_one_bad_feedback_spoils_no_other(bench: Bench) -> None:
    bench.writer.record(record("r1"))
    told = [
        bench.writer.submit(Given(KEY, given))
        for given in (right("A"), right("D"), right("A", "unknown"), right("B"))
    ]
    bench.writer.turn()
    faults = [type(one.exception(0)) for one in told]
    assert faults == [type(None), BadFeedback, AnswerNotFound, type(None)]
    assert (bench.writer.stats().feedback_recorded, bench.writer.stats().feedback_refused) == (2, 2)


def test_feedback_that_nobody_waits_for_any_more_is_passed_over(bench: Bench) -> None:
    bench.writer.record(record("r1"))
    gone = bench.writer.submit(Given(KEY, right("A")))
    assert gone.cancel()
    bench.writer.turn()
    assert bench.reader.summary().feedback == 0


def test_feedback_that_waits_is_bounded(tmp_path: Path) -> None:
    bench = Bench(tmp_path, most_feedback=2)
    told = [bench.writer.submit(Given(KEY, right("A"))) for _ in range(3)]
    assert [one.done() for one in told] == [False, False, True]
    assert isinstance(told[2].exception(0), AnswerLogAway)


def test_what_is_queued_is_written_at_the_end(bench: Bench) -> None:
    bench.writer.record(record("r1"))
    bench.writer.close(seconds=1)
    assert bench.written() == ["r1"]
    bench.writer.record(record("r2"))
    assert bench.writer.stats().lines_dropped == 1
    assert isinstance(bench.writer.submit(None).exception(0), AnswerLogAway)


def test_what_is_lost_at_the_end_is_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.writer.record(record("r1"))
    asked = bench.writer.submit(Given(KEY, right("A")))
    bench.shelf.faults = ["full"]
    bench.writer.close(seconds=1)
    assert isinstance(asked.exception(0), StorageFull)
    assert warnings_of(caplog)[-1] == "the answer log was closed with 1 lines unwritten"


def test_one_warning_a_minute(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for second in range(150):
        bench.clock.seconds = float(second)
        bench.writer.record(record(f"r{second}"))
        bench.shelf.faults = ["full"]
        bench.writer.turn()
    told = warnings_of(caplog)
    assert len(told) == 3
    assert told[0] == (
        "answers go on, their log does not: no space is left to write answers.db; what stood"
        " there before is unharmed; lines waiting: 1, dropped since this was last told: 0"
    )
    assert told[1].endswith("lines waiting: 8, dropped since this was last told: 53")
    assert told[2].endswith("lines waiting: 8, dropped since this was last told: 60")
    bench.clock.seconds += TOLD_SECONDS
    assert bench.writer.turn()
    assert "written again, after: no space is left" in warnings_of(caplog)[3]
    assert all("print" not in line and QUESTION.question not in line for line in told)


def test_seconds_of_writing_are_told(tmp_path: Path) -> None:
    heard: list[float] = []
    bench = Bench(tmp_path)
    clock = Clock()

    def ticking() -> float:
        clock.seconds += 0.25
        return clock.seconds

    writer = Writer(bench.shelf, clock=ticking, on_write=heard.append)
    writer.record(record("r1"))
    assert writer.turn()
    assert heard == [0.25]
    assert (writer.stats().writes, writer.stats().write_seconds) == (1, 0.25)
