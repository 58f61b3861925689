"""CSV: with or without a header, quotes over lines, and what comes after a bad row."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import BadInput
from mcq.loaders.csv_records import CELLS, csv_records
from mcq.loaders.rows import Bad, Good
from tests.mcq.loaders.making import faults_of, rows_of


def read(path: Path, header: bool | None = None) -> list[tuple[int, object]]:
    return [
        (found.place.line, found.reason if isinstance(found, Bad) else dict(found.fields))
        for found in csv_records(path, header=header)
    ]


@pytest.mark.parametrize(
    ("first", "header"),
    [
        ("question,A,B,answer", True),
        ("answer , Question,A,B", True),
        ("\ufeffquestion,A,B,answer", True),
        ("What?,x,y,A", False),
        ("prompt,A,B,label", False),
        ("question,x,y,A", False),
        ("What is it?,question,answer,A", True),  # and so it must be named: --format mmlu
    ],
)
def test_a_header_is_told_by_its_names(tmp_path: Path, first: str, header: bool) -> None:
    path = tmp_path / "quiz.csv"
    path.write_text(f"{first}\nOne?,x,y,A\n", encoding="utf-8")
    found = read(path)
    assert len(found) == (1 if header else 2)
    assert (CELLS in found[0][1]) is not header  # type: ignore[operator]


def test_a_header_is_one_when_it_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "quiz.csv"
    path.write_text("question,answer\nprompt,label\n")
    assert read(path, header=True) == [(2, {"question": "prompt", "answer": "label"})]
    assert len(read(path, header=False)) == 2
    path.write_text("prompt,label\n1,2\n")
    assert read(path, header=True) == [(2, {"prompt": "1", "label": "2"})]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("question,answer,question", "two columns are named question"),
        ("question,answer,", "column 3 has no name"),
        ("question,answer, ", "column 3 has no name"),
    ],
)
def test_a_header_that_names_nothing_is_refused_for_the_file(
    tmp_path: Path, header: str, reason: str
) -> None:
    path = tmp_path / "quiz.csv"
    path.write_text(f"{header}\n1,2,3\n")
    with pytest.raises(BadInput, match=reason):
        read(path)


def test_rows_that_span_lines_begin_where_they_begin(tmp_path: Path) -> None:
    path = tmp_path / "quiz.csv"
    text = 'question,answer\r\n"a\r\nb\r\nc",1\r\n\r\n"d""\n",2\r\ne,3'
    path.write_text(text, newline="")
    assert read(path) == [
        (2, {"question": "a\r\nb\r\nc", "answer": "1"}),
        (6, {"question": 'd"\n', "answer": "2"}),
        (8, {"question": "e", "answer": "3"}),
    ]


def test_what_comes_after_a_bad_row_is_read(tmp_path: Path) -> None:
    path = tmp_path / "subject_test.csv"
    path.write_bytes(
        b"One?,a,b,A\n"
        b'"Two?"x,a,b,A\n'
        b"Three?,a,b,A\n"
        b"F\xffur?,a,b,A\n"
        b'"Fi\n'
        b"v\xfe?,a,b,A\n"
        b"Six?,a,b,A\n" + b"Seven?" + b"x" * 200_000 + b",a,b,A\n"
        b"Eight?,a,b,A\n"
        b'"Nine?,a,b,A\n'
    )
    assert [row.question.stem for row in rows_of(path) if isinstance(row, Good)] == [
        "One?",
        "Three?",
        "Six?",
        "Eight?",
    ]
    faults = faults_of(path)
    assert [line for line, _ in faults] == [2, 4, 6, 8, 10]
    for (_, reason), words in zip(
        faults,
        ["expected after", "not UTF-8 at byte 1", "not UTF-8 at byte 1", "field larger", "of data"],
        strict=True,
    ):
        assert words in reason
