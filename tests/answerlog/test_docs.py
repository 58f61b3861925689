"""``docs/answer-log.md`` says what the code does."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from answerlog.recorder import open_answer_log
from answerlog.records import AnswerRecord
from answerlog.schema import TABLES, answers
from answerlog.store import VARIABLE, LogStore
from answerlog.writer import WriterSettings
from tests.answerlog.making import KEY, record, right

PAGE = (Path(__file__).parents[2] / "docs" / "answer-log.md").read_text(encoding="utf-8")


def table_after(text: str, heading: str) -> list[tuple[str, ...]]:
    """The first table below ``text`` whose head begins with ``heading``; no head, no rule."""
    lines = PAGE.partition(text)[2].splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        first, *rest = (cell.strip() for cell in line.strip("| ").split(" | "))
        rows.append((first.strip("`"), *rest))
    return rows


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_is_in_its_table(table: sa.Table) -> None:
    told = table_after(f"`{table.name}`", "column")
    assert told == [(column.name, column.comment) for column in table.columns]


def test_a_line_has_a_column_for_every_field() -> None:
    assert [column.name for column in answers.columns] == [
        "seq",
        *AnswerRecord.model_fields,
        "pairing",
    ]
    nullable = {column.name for column in answers.columns if column.nullable}
    assert nullable == {
        name
        for name, field in AnswerRecord.model_fields.items()
        if not field.is_required() and field.default is None
    }


def test_every_bound_is_in_the_table() -> None:
    told = table_after("## How it is written", "bound")
    assert told == [
        (name, str(field.default), str(field.description))
        for name, field in WriterSettings.model_fields.items()
    ]


def test_the_query_runs_and_a_line_is_as_small_as_it_says(tmp_path: Path) -> None:
    store = LogStore(f"sqlite:///{tmp_path}/answers.db")
    with open_answer_log(store) as log:
        for number in range(1_000):
            log.record(record(f"{number:032x}"))
        asyncio.run(log.feedback(KEY, right("A", f"{7:032x}")))
        asyncio.run(log.feedback(KEY, right("B", f"{8:032x}")))
    [query] = re.findall(r"```sql\n(.*?);\n```", PAGE, re.DOTALL)
    with store.reading() as connection:
        assert connection is not None
        assert connection.exec_driver_sql(query).all() == [("3", 2, 0.5)]
    assert "about 0.6 kB" in PAGE
    assert 450 < (tmp_path / "answers.db").stat().st_size / 1_000 < 750


def test_where_it_lies_is_told() -> None:
    assert f"`{VARIABLE}`" in PAGE
