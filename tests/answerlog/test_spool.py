"""The queue: what it says of its size is what it takes."""

from __future__ import annotations

import threading
import tracemalloc

import pytest

from answerlog.records import AnswerRecord
from answerlog.spool import LINE_BYTES, Spool
from contracts.answers import AnswerRequest
from tests.answerlog.making import record

LINES = 300


def made(kind: str) -> list[AnswerRecord]:
    """Lines that share no text with each other, as those of callers do not."""
    lines = []
    for number in range(LINES):
        text = {"short": "x", "long": "x" * 5_000, "wide": "\U0001f600" * 2_000}[kind]
        question = AnswerRequest(
            question=f"{number} {text}",
            code=f"{number} {text}",
            choices=tuple(f"{number} {choice} {text}" for choice in range(10)),
        )
        line = record(f"{number:032x}", question=question)
        lines.append(AnswerRecord.model_validate_json(line.model_dump_json()))
    return lines


@pytest.mark.parametrize("kind", ["short", "long", "wide"])
def test_lines_take_no_more_memory_than_is_counted(kind: str) -> None:
    spool = Spool(most_lines=LINES, most_bytes=10**9)
    made(kind)  # what is made once, is
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for line in made(kind):
        assert spool.add(line)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert 0.3 * spool.bytes < taken < spool.bytes


def test_a_line_too_large_for_the_queue_is_refused_and_the_next_is_not() -> None:
    spool = Spool(most_lines=10, most_bytes=2 * LINE_BYTES)
    question = AnswerRequest(question="x" * 2 * LINE_BYTES, choices=("1", "2"))
    assert not spool.add(record("large", question=question))
    assert spool.add(record("small"))
    assert (spool.refused, spool.lines) == (1, 1)


def test_what_is_taken_counts_until_it_is_settled() -> None:
    spool = Spool(most_lines=2, most_bytes=10**9)
    assert spool.add(record("r1"))
    assert spool.add(record("r2"))
    taken = spool.take(5)
    assert [line.request_id for line in taken] == ["r1", "r2"]
    assert not spool.add(record("r3"))
    spool.settle(taken)
    assert (spool.lines, spool.bytes) == (0, 0)
    assert spool.add(record("r3"))


def test_nothing_is_miscounted_when_many_threads_add() -> None:
    spool = Spool(most_lines=5_000, most_bytes=10**9)
    line, got = record(), 0

    def add() -> None:
        for _ in range(2_000):
            spool.add(line)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken = spool.take(100)
        got += len(taken)
        spool.settle(taken)
    while taken := spool.take(100):
        got += len(taken)
        spool.settle(taken)
    assert got == spool.accepted == spool.settled
    assert spool.accepted + spool.refused == 8_000
    assert spool.bytes == 0
