"""Files of questions for tests of loaders, and their rows as a reader gives them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from contracts.questions import Question
from contracts.sources import QuestionSource
from mcq.loaders.reading import read_rows
from mcq.loaders.rows import Bad, Good, LeftOut, Row


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rows_of(path: Path, **settings: Any) -> list[Row]:
    return list(read_rows(QuestionSource.model_validate({"path": str(path), **settings})))


def good_of(path: Path, **settings: Any) -> list[Question]:
    """The questions of a file in which every row is good."""
    rows = rows_of(path, **settings)
    assert [row for row in rows if not isinstance(row, Good)] == []
    return [row.question for row in rows if isinstance(row, Good)]


def faults_of(path: Path, **settings: Any) -> list[tuple[int, str]]:
    """Line and reason of the bad rows of a file."""
    return [
        (row.place.line, row.reason) for row in rows_of(path, **settings) if isinstance(row, Bad)
    ]


def labels_of(path: Path, **settings: Any) -> list[tuple[int, str]]:
    """Line and label of what a file's format leaves out."""
    return [
        (row.place.line, row.label) for row in rows_of(path, **settings) if isinstance(row, LeftOut)
    ]
