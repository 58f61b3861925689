"""MMLU-Redux: labels go along; faulty questions are left out, corrected or kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given

from contracts.errors import BadInput
from contracts.sources import QuestionSource
from mcq.loaders import Reading, load_questions
from mcq.loaders.mmlu_redux import LABELS
from tests.mcq.loaders.drawing import many_asked
from tests.mcq.loaders.making import faults_of, good_of, labels_of, write_csv, write_jsonl

HEADER: Final = (
    "question",
    "choices",
    "answer",
    "error_type",
    "source",
    "correct_answer",
    "potential_reason",
)


def row(label: str | None, correct: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "question": f"Which of these is {label}?",
        "choices": ["w", "x", "y", "2"],
        "answer": 3,
        "error_type": label,
        "source": "Expert",
        "correct_answer": correct,
        "potential_reason": None,
        **changes,
    }


def test_sound_questions_alone_are_read_and_the_others_counted(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "anatomy" / "test.jsonl", [row(label) for label in sorted(LABELS)]
    )
    reading = Reading([QuestionSource(path=str(path))])
    (question,) = reading
    assert (question.stem, question.answer) == ("Which of these is ok?", "D")
    assert (question.family, question.error_label) == ("anatomy", "ok")
    assert reading.left_out == dict.fromkeys(LABELS - {"ok"}, 1)


def test_a_row_nobody_labelled_is_left_out(tmp_path: Path) -> None:
    """As in the CSV files of subjects that were not annotated: the column is there, and empty."""
    cells = ("Which?", "['w', 'x']", "1", "", "", "", "")
    path = write_csv(tmp_path / "mmlu_virology.csv", HEADER, [cells])
    assert labels_of(path) == [(2, "unlabelled")]
    with pytest.raises(BadInput, match="no questions; 1 row was left out by label"):
        load_questions(path)
    (question,) = good_of(path, error_labels="keep")
    assert (question.family, question.error_label) == ("virology", "unlabelled")


def test_every_row_is_kept_with_its_label_when_asked_for(tmp_path: Path) -> None:
    labels = sorted(LABELS)
    path = write_jsonl(tmp_path / "test.jsonl", [row(label, "A") for label in labels])
    questions = good_of(path, error_labels="keep")
    assert [q.error_label for q in questions] == labels
    assert {q.answer for q in questions} == {"D"}


@pytest.mark.parametrize(
    ("correct", "answer"), [("A", "A"), ("1", "B"), ("y", "C"), (" C ", "C"), (0, "A")]
)
def test_a_wrong_truth_is_corrected_when_asked_for(
    tmp_path: Path, correct: Any, answer: str
) -> None:
    path = write_jsonl(tmp_path / "test.jsonl", [row("wrong_groundtruth", correct)])
    (question,) = good_of(path, error_labels="correct")
    assert (question.answer, question.error_label) == (answer, "wrong_groundtruth")


@pytest.mark.parametrize(
    ("label", "correct"),
    [
        ("wrong_groundtruth", None),
        ("wrong_groundtruth", ""),
        ("wrong_groundtruth", "A and B"),
        ("wrong_groundtruth", "2"),  # an index, and the text of another choice
        ("wrong_groundtruth", "E"),
        ("no_correct_answer", "A"),
        ("multiple_correct_answers", "A"),
        ("bad_question_clarity", "A"),
        ("expert", "A"),
    ],
)
def test_what_cannot_be_corrected_without_doubt_is_left_out(
    tmp_path: Path, label: str, correct: str | None
) -> None:
    path = write_jsonl(tmp_path / "test.jsonl", [row(label, correct)])
    assert labels_of(path, error_labels="correct") == [(1, label)]


def test_a_correction_to_one_of_two_equal_choices_is_bad(tmp_path: Path) -> None:
    twins = row("wrong_groundtruth", "A", choices=["w", "w", "y", "z"])
    path = write_jsonl(tmp_path / "test.jsonl", [twins])
    assert faults_of(path, error_labels="correct") == [(1, "choices A and B are the same")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"error_type": "odd"}, "error_type 'odd' is none of MMLU-Redux's labels"),
        ({"error_type": 1}, "error_type: a text is wanted, not int"),
        ({"answer": 4}, "the answer 4 is no index from 0 to 3"),
        ({"answer": "A"}, "no index from 0 to 3"),
        ({"answer": None}, "the answer is blank"),
        ({"question": ""}, "the question is blank"),
        ({"choices": "w"}, "neither a JSON list nor a Python list"),
        ({"level": 1}, "column 'level' is unknown"),
    ],
)
def test_a_bad_row_is_refused_whatever_its_label(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    path = write_jsonl(tmp_path / "test.jsonl", [row("ok"), {**row("expert"), **changes}])
    ((line, found),) = faults_of(path)
    assert line == 2
    assert reason in found


def test_a_question_has_the_id_that_it_has_in_mmlu(tmp_path: Path) -> None:
    mmlu = tmp_path / "virology_test.csv"
    mmlu.write_text("Which?,w,x,y,z,D\n")
    record = row("ok", question="Which?", choices=list("wxyz"))
    redux = write_jsonl(tmp_path / "virology" / "test.jsonl", [record])
    assert load_questions(mmlu)[0].id == load_questions(redux)[0].id


@given(rows=many_asked)
def test_questions_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str], int]]
) -> None:
    cells = [(stem, repr(options), gold, "ok", "", "", "") for stem, options, gold in rows]
    path = write_csv(tmp_path_factory.mktemp("redux") / "anatomy.csv", HEADER, cells)
    assert [(q.stem, list(q.choices), q.gold) for q in good_of(path)] == rows
