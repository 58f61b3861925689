"""Readers hold one row: ten times the rows, the same memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.sources import QuestionSource
from mcq.loaders.lines import MOST_LINE_BYTES
from mcq.loaders.reading import Reading, read_rows

STEM = "Which of these is it? " * 20
FEW, MANY = 300, 6_000


def jsonl(path: Path, count: int) -> None:
    with path.open("w") as stream:
        for number in range(count):
            row = {"id": f"q{number}", "stem": STEM, "choices": ["x", "y"], "answer": "A"}
            stream.write(json.dumps(row) + "\n")


def array(path: Path, count: int) -> None:
    with path.open("w") as stream:
        stream.write("[")
        for number in range(count):
            row = {"question": f"{number} {STEM}", "choices": ["x", "y"], "answer": 0}
            stream.write(("," if number else "") + json.dumps(row))
        stream.write("]")


def table(path: Path, count: int) -> None:
    with path.open("w") as stream:
        stream.write("task_id,question,choices,answer\n")
        for number in range(count):
            stream.write(f"""k{number},"{STEM}","['x', 'y']",ANSWER: B\n""")


def without_header(path: Path, count: int) -> None:
    with path.open("w") as stream:
        for number in range(count):
            stream.write(f'"{number} {STEM}",x,y,A\n')


def one_line(path: Path, count: int) -> None:
    """No line ends at all: a row that is refused without being held whole."""
    with path.open("w") as stream:
        for _ in range(count):
            stream.write("x" * 10_000)


def peak_bytes(path: Path) -> int:
    tracemalloc.start()
    try:
        rows = sum(1 for _ in read_rows(QuestionSource(path=str(path))))
        assert rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("write", "suffix"),
    [(jsonl, ".jsonl"), (array, ".json"), (table, ".csv"), (without_header, ".csv")],
)
def test_a_longer_file_takes_no_more_memory(
    tmp_path: Path, write: Callable[[Path, int], None], suffix: str
) -> None:
    few, many = tmp_path / f"few{suffix}", tmp_path / f"many{suffix}"
    write(few, FEW)
    write(many, MANY)
    peak_bytes(few)  # what is imported and cached on the way is not what is measured
    small, large = peak_bytes(few), peak_bytes(many)
    assert many.stat().st_size > 2_500_000
    assert large < small + 150_000, (small, large)


def test_a_file_of_one_endless_line_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "endless.jsonl"
    one_line(path, 6_000)
    assert path.stat().st_size == 60_000_000
    # The longest line that is read, once in pieces and once whole.
    assert peak_bytes(path) < 2 * MOST_LINE_BYTES + 1_000_000


def test_the_check_for_repeated_ids_costs_the_ids_alone(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    jsonl(path, MANY)
    reading = Reading([QuestionSource(path=str(path))])
    tracemalloc.start()
    try:
        count = sum(1 for _ in reading)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == MANY
    assert kept / count < 400, "bytes a question"
    assert len(STEM) > 400
