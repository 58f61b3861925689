"""Named columns: choices in one column or ten, answers in three forms, strict about names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.questions import LETTERS
from contracts.sources import QuestionSource
from tests.mcq.loaders.drawing import many_asked
from tests.mcq.loaders.making import faults_of, good_of, write_csv, write_jsonl

Asked = list[tuple[str, list[str], int]]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (("question", "choices", "answer"), ("What?", '["x", "y"]', "B")),
        (("question", "choices", "answer"), ("What?", "['x', 'y']", "1")),
        (("answer", "Question", "A", "B", "C"), ("y", "What?", "x", "y", "")),
        (("question", "choice_a", "choice_b", "answer"), ("What?", "x", "y", "B")),
        ((" QUESTION ", "a", "b", "answer"), ("What?", "x", "y", " B ")),
    ],
)
def test_a_row_becomes_a_question_however_it_is_spelled(
    tmp_path: Path, header: tuple[str, ...], row: tuple[str, ...]
) -> None:
    (question,) = good_of(write_csv(tmp_path / "quiz.csv", header, [row]))
    assert (question.stem, question.choices, question.answer) == ("What?", ("x", "y"), "B")
    assert (question.family, question.difficulty, question.code) == (None, None, None)


def test_every_other_field_is_taken(tmp_path: Path) -> None:
    header = ("id", "question", "code", "A", "B", "answer", "subject", "difficulty")
    row = ("q7", "What?", "print(1)", "x", "y", "A", "lists", "hard")
    (question,) = good_of(write_csv(tmp_path / "quiz.csv", header, [row]))
    assert (question.id, question.code) == ("q7", "print(1)")
    assert (question.family, question.difficulty) == ("lists", "hard")


def test_the_rows_of_cais_mmlu_are_of_this_format(tmp_path: Path) -> None:
    row = {"question": "What?", "subject": "anatomy", "choices": ["x", "y"], "answer": 1}
    (question,) = good_of(write_jsonl(tmp_path / "test.jsonl", [row]))
    assert (question.answer, question.family) == ("B", "anatomy")


def test_ids_are_the_content_and_code_is_content(tmp_path: Path) -> None:
    header = ("question", "code", "A", "B", "answer")
    rows = [
        ("One?", "", "x", "y", "A"),
        ("One?", "1", "x", "y", "A"),
        ("One?", "2", "x", "y", "A"),
        ("One?", "2", "y", "x", "A"),
    ]
    ids = [q.id for q in good_of(write_csv(tmp_path / "a.csv", header, rows))]
    assert len(set(ids)) == 4
    backwards = good_of(write_csv(tmp_path / "b.csv", header, rows[::-1]))
    assert [q.id for q in backwards] == ids[::-1]


# ------------------------------------------------------------------ strict about columns

TEN = [*LETTERS, "K"]


@pytest.mark.parametrize(
    ("header", "row", "reason"),
    [
        (("question", "A", "B", "answer", "hint"), "qxyAh", "column 'hint' is unknown"),
        (("question", "A", "choice_a", "B", "answer"), "qxzyA", "two columns are choice_a"),
        (("question", "choices", "A", "answer"), ("q", "['x', 'y']", "z", "A"), "in one column"),
        (("question", "A", "B", "answer"), ("", "x", "y", "A"), "the question is blank"),
        (("question", "A", "B", "C", "answer"), ("q", "x", "", "z", "A"), "choice B is blank"),
        (("question", "A", "B", "answer"), ("q", "x", "", "A"), "1 choices, where 2 to 10"),
        (("question", "A", "answer"), "qxA", "1 choices"),
        (("question", *TEN, "answer"), "q" + "abcdefghijk" + "A", "column 'K' is unknown"),
        (("question", "choices", "answer"), ("q", "x, y", "A"), "neither a JSON list nor"),
        (("question", "choices", "answer"), ("q", "['x' 'y']", "A"), "1 choices"),
        (("question", "choices", "answer"), ("q", "['x', 2]", "A"), "choices.1: a text is wanted"),
        (("question", "choices", "answer"), ("q", str(TEN), "A"), "11 choices, where 2 to 10"),
        (("question", "choices", "answer"), ("q", "{'x': 'y'}", "A"), "a list of texts"),
        (("question", "A", "B", "answer"), ("q", "x", "x ", "A"), "choices A and B are the same"),
        (("question", "A", "B", "answer"), ("q", "x"), "2 cells, where the header has 4"),
        (("question", "A", "B", "answer"), ("q", "x", "y", "A", ""), "5 cells"),
        (("question", "A", "B", "answer"), ("q" * 20_001, "x", "y", "A"), "stem: String should"),
    ],
)
def test_a_bad_row_is_refused(
    tmp_path: Path, header: tuple[str, ...], row: tuple[str, ...], reason: str
) -> None:
    path = write_csv(tmp_path / "quiz.csv", header, [row])
    ((line, found),) = faults_of(path)
    assert line == 2
    assert reason in found


def test_unknown_columns_are_left_out_when_asked_for(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "quiz.csv", ("question", "A", "B", "answer", "hint"), ["qxyAh"])
    assert [q.stem for q in good_of(path, ignore_columns=True)] == ["q"]


def test_columns_are_mapped(tmp_path: Path) -> None:
    header, row = ("Prompt", "Right", "opts", "question"), ("What?", "1", "['x', 'y']", "7")
    path = write_csv(tmp_path / "quiz.csv", header, [row])
    mapping = {"question": "Prompt", "answer": "Right", "choices": "opts"}
    (fault,) = faults_of(path, columns=mapping)
    assert "column 'question' is unknown" in fault[1]
    (question,) = good_of(path, columns=mapping, ignore_columns=True)
    assert (question.stem, question.answer) == ("What?", "B")
    (fault,) = faults_of(path, columns={**mapping, "id": "Number"}, ignore_columns=True)
    assert "id is mapped to 'Number', which is no column" in fault[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"columns": {"prompt": "question"}},
        {"columns": {"question": "q", "answer": "q"}},
        {"columns": {"question": "q"}, "format": "codemmlu"},
        {"answers": "index", "format": "mmlu"},
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QuestionSource.model_validate({"path": "quiz.csv", **settings})


# ------------------------------------------------------------------ answers


@pytest.mark.parametrize(
    ("choices", "answers", "golds"),
    [
        ("wxyz", ["A", "D", " B "], "ADB"),
        ("wxyz", ["0", "3", 1], "ADB"),
        ("wxyz", ["w", "z", " x "], "ADB"),
        ("ABCD", ["A", "D"], "AD"),  # letters and texts that agree
        ("0123", ["0", "3"], "AD"),  # indices and texts that agree
        ("5678", ["8", "5"], "DA"),  # no index: texts
    ],
)
def test_letters_indices_and_texts_are_told_apart(
    tmp_path: Path, choices: str, answers: list[object], golds: str
) -> None:
    rows = [
        {"id": str(at), "question": "q", "choices": list(choices), "answer": answer}
        for at, answer in enumerate(answers)
    ]
    assert "".join(str(q.answer) for q in good_of(write_jsonl(tmp_path / "q.jsonl", rows))) == golds


@pytest.mark.parametrize(
    ("choices", "answer", "reason"),
    [
        ("BACD", "A", "the answer 'A' is A as letter, B as text: say which with --answers"),
        ("1234", "2", "the answer '2' is C as index, B as text"),
        ("wxyz", "E", "no letter of ABCD, no index from 0 to 3, no text of one choice"),
        ("wxyz", "a", "no letter of ABCD"),
        ("wxyz", "4", "no index from 0 to 3"),
        ("wxyz", -1, "no index"),
        ("wxyz", True, "no index"),
        ("wxyz", 1.0, "no index"),
        ("wxyz", "", "the answer is blank"),
        ("wxyz", ["A"], "no letter"),
    ],
)
def test_an_answer_that_can_be_read_in_two_ways_or_none_is_refused(
    tmp_path: Path, choices: str, answer: object, reason: str
) -> None:
    row = {"question": "q", "choices": list(choices), "answer": answer}
    ((line, found),) = faults_of(write_jsonl(tmp_path / "q.jsonl", [row]))
    assert line == 1
    assert reason in found


def test_the_form_of_answers_can_be_said(tmp_path: Path) -> None:
    row = {"question": "q", "choices": list("1234"), "answer": "2"}
    path = write_jsonl(tmp_path / "q.jsonl", [row])
    assert [q.answer for q in good_of(path, answers="index")] == ["C"]
    assert [q.answer for q in good_of(path, answers="text")] == ["B"]
    ((_, reason),) = faults_of(path, answers="letter")
    assert reason == "the answer '2' is no letter of ABCD, which answers here are"


def test_a_source_keeps_to_one_form(tmp_path: Path) -> None:
    """The second row would be C by its index, but the first can be nothing but a text."""
    rows = [
        {"id": "1", "question": "q", "choices": list("5678"), "answer": "8"},
        {"id": "2", "question": "q", "choices": list("3456"), "answer": "2"},
        {"id": "3", "question": "q", "choices": list("2341"), "answer": "2"},
    ]
    path = write_jsonl(tmp_path / "q.jsonl", rows)
    assert faults_of(path) == [
        (2, "the answer '2' is no text of one choice, which answers here are")
    ]
    assert [q.answer for q in good_of(write_jsonl(path, [rows[0], rows[2]]))] == ["D", "A"]


@pytest.mark.parametrize("row", [{}, {"answer": None}])
def test_a_question_may_not_know_its_answer(tmp_path: Path, row: dict[str, None]) -> None:
    path = write_jsonl(tmp_path / "q.jsonl", [{"question": "q", "choices": ["x", "y"], **row}])
    assert [q.answer for q in good_of(path)] == [None]


# ------------------------------------------------------------------ properties


@given(
    rows=many_asked,
    apart=st.booleans(),
    python=st.booleans(),
    bom=st.booleans(),
    form=st.sampled_from(["letter", "index"]),
)
def test_a_csv_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    rows: Asked,
    apart: bool,
    python: bool,
    bom: bool,
    form: str,
) -> None:
    """Quotes that span lines, CR LF, byte order mark, any script."""
    path = tmp_path_factory.mktemp("columns") / "quiz.csv"
    written = [
        (
            stem,
            *(
                [*options, *[""] * (10 - len(options))]
                if apart
                else [repr(options) if python else json.dumps(options)]
            ),
            LETTERS[gold] if form == "letter" else gold,
        )
        for stem, options, gold in rows
    ]
    header = ("question", *(LETTERS if apart else ["choices"]), "answer")
    write_csv(path, header, written)
    if bom:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    loaded = good_of(path, answers=form)
    assert [(q.stem, list(q.choices), q.gold) for q in loaded] == rows


@given(rows=many_asked)
def test_json_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: Asked
) -> None:
    folder = tmp_path_factory.mktemp("columns")
    records = [{"question": q, "choices": c, "answer": a} for q, c, a in rows]
    lines = write_jsonl(folder / "quiz.jsonl", records)
    array = folder / "quiz.json"
    array.write_text(json.dumps(records, ensure_ascii=False, indent=1), encoding="utf-8")
    for path in (lines, array):
        loaded = good_of(path)
        assert [(q.stem, list(q.choices), q.gold) for q in loaded] == rows
