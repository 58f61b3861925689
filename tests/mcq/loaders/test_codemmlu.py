"""CodeMMLU as its dataset has it, and as its CSV copies do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import LETTERS
from mcq.loaders.codemmlu import GAP
from tests.mcq.loaders.drawing import many_asked
from tests.mcq.loaders.making import faults_of, good_of, write_csv, write_jsonl

HEADER = ("task_id", "question", "choices", "answer")


def row(**changes: Any) -> dict[str, Any]:
    return {
        "task_id": "k00001",
        "question": "Which keyword makes a function?",
        "choices": ["def", "fun", "let"],
        "answer": "A",
        **changes,
    }


def test_a_row_of_the_dataset_becomes_a_question_of_its_subject(tmp_path: Path) -> None:
    (question,) = good_of(write_jsonl(tmp_path / "programming_syntax" / "test.jsonl", [row()]))
    assert (question.id, question.family) == ("programming_syntax/k00001", "programming_syntax")
    assert (question.stem, question.code) == ("Which keyword makes a function?", None)
    assert (question.choices, question.answer) == (("def", "fun", "let"), "A")


def test_a_file_of_no_subject_gives_the_task_ids_as_they_are(tmp_path: Path) -> None:
    (question,) = good_of(write_jsonl(tmp_path / "train_data.jsonl", [row()]))
    assert (question.id, question.family) == ("k00001", None)


def test_code_with_a_gap_is_code_and_its_problem_is_the_stem(tmp_path: Path) -> None:
    gap = row(question="def f(a):\n    ____", problem_description="Return twice a.")
    path = write_jsonl(tmp_path / "fill_in_the_middle.jsonl", [gap, row(task_id="k2")])
    question, plain = good_of(path)
    assert question.stem == f"Return twice a.\n\n{GAP}"
    assert question.code == "def f(a):\n    ____"
    assert plain.code is None


@pytest.mark.parametrize("answer", ["B", " B ", "ANSWER: B", "answer:B"])
def test_a_csv_copy_is_read(tmp_path: Path, answer: str) -> None:
    written = ("k00001", "Which\nkeyword?", "['def', \"it's\", 'l\\net']", answer)
    (question,) = good_of(write_csv(tmp_path / "train.csv", HEADER, [written]))
    assert (question.stem, question.choices) == ("Which\nkeyword?", ("def", "it's", "l\net"))
    assert question.answer == "B"


def test_a_test_set_without_answers_is_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "test.csv", HEADER[:3], [("k1", "Which?", "['x', 'y']")])
    assert [q.answer for q in good_of(path, format="codemmlu")] == [None]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task_id": None}, "the task_id is blank"),
        ({"task_id": 7}, "task_id: a text is wanted, not int"),
        ({"question": " "}, "the question is blank"),
        ({"choices": None}, "choices: a list of texts is wanted"),
        ({"choices": ["one"]}, "1 choices, where 2 to 10 are wanted"),
        ({"choices": list("abcdefghijk")}, "11 choices, where 2 to 10 are wanted"),
        ({"answer": "D"}, "the answer 'D' is no letter of ABC"),
        ({"answer": "0"}, "no letter of ABC"),
        ({"answer": "ANSWER: "}, "the answer is blank"),
        ({"level": 3}, "column 'level' is unknown"),
        ({"question": "\ud800"}, "stem: Input should be a valid string"),
    ],
)
def test_a_bad_row_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = write_jsonl(tmp_path / "others.jsonl", [row(task_id="first"), row(**changes)])
    ((line, found),) = faults_of(path)
    assert line == 2
    assert reason in found


@given(rows=many_asked, prefix=st.sampled_from(["", "ANSWER: "]), as_json=st.booleans())
def test_questions_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, list[str], int]],
    prefix: str,
    as_json: bool,
) -> None:
    folder = tmp_path_factory.mktemp("codemmlu")
    written = [
        (f"k{at}", stem, options, prefix + LETTERS[gold])
        for at, (stem, options, gold) in enumerate(rows)
    ]
    if as_json:
        records = [dict(zip(HEADER, cells, strict=True)) for cells in written]
        loaded = good_of(write_jsonl(folder / "others.jsonl", records))
    else:
        cells = [(task, stem, repr(options), answer) for task, stem, options, answer in written]
        loaded = good_of(write_csv(folder / "others.csv", HEADER, cells))
    assert [(q.stem, list(q.choices), q.gold) for q in loaded] == rows
    assert [q.id for q in loaded] == [f"others/k{at}" for at in range(len(rows))]
