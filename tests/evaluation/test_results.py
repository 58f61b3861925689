from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ResultsInvalid
from contracts.params import GateParams
from contracts.verdicts import ChampionPin, QuestionRecord
from evaluation.gate import judge
from evaluation.results import (
    csv_text,
    json_text,
    parse_records,
    read_evaluation,
    read_pin,
    read_records,
    read_records_of,
    read_training,
    read_verdict,
    records_text,
    write_shape,
)
from tests.evaluation.making import DIGEST, make_evaluation, make_records, make_training

READERS = [
    read_training,
    read_evaluation,
    read_verdict,
    read_records,
    lambda path: read_pin(path, "coding-mcqa"),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"a": 1}', b"\xff\xfe", b"null", b"\n\n", b'"text"']
)
def test_a_corrupt_file_is_named(tmp_path: Path, read: object, content: bytes) -> None:
    path = tmp_path / "results"
    path.write_bytes(content)
    assert callable(read)
    with pytest.raises(ResultsInvalid) as caught:
        read(path)
    assert caught.value.path == path
    assert caught.value.mend.startswith("`proctor ")


@pytest.mark.parametrize("read", READERS)
def test_a_missing_file_and_a_folder_are_named(tmp_path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(ResultsInvalid, match="no such file"):
        read(tmp_path / "missing")
    with pytest.raises(ResultsInvalid, match="directory"):
        read(tmp_path)


def test_the_bad_line_is_named(tmp_path: Path) -> None:
    lines = records_text(make_records([True, False, None])).splitlines()
    broken = json.loads(lines[1])
    broken["gold"] = "Z"
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join([lines[0], json.dumps(broken), lines[2]]))
    with pytest.raises(ResultsInvalid, match="line 2 is no record: gold"):
        read_records(path)


def test_a_repeated_question_is_refused() -> None:
    text = records_text(make_records([True, False]))
    with pytest.raises(ResultsInvalid, match="line 3 repeats the question q00000"):
        parse_records(text + text, Path("records.jsonl"))


def test_records_of_another_evaluation_are_refused(tmp_path: Path) -> None:
    ours, theirs = make_records([True, False]), make_records([True, True])
    path = tmp_path / "records.jsonl"
    path.write_text(records_text(theirs))
    with pytest.raises(ResultsInvalid, match="not the records of the evaluation"):
        read_records_of(make_evaluation(ours), path)
    path.write_text(records_text(ours))
    assert read_records_of(make_evaluation(ours), path) == ours


def test_the_pin_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "champion.json"
    write_shape(path, ChampionPin(model="another"))
    with pytest.raises(ResultsInvalid, match="champion of another, but the model is coding-mcqa"):
        read_pin(path, "coding-mcqa")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    evaluation = make_evaluation(make_records([True, False, None]))
    training = make_training(DIGEST)
    pin = ChampionPin(model="coding-mcqa", version="3", correct={"b": True, "a": False})
    params = GateParams(minimum_accuracy=0.3, minimum_questions=9, margin=0.1, confidence=0.9)
    verdict = judge(evaluation, (), pin, params)
    for shape in (evaluation, training, pin, verdict):
        write_shape(tmp_path / type(shape).__name__, shape)
    assert read_evaluation(tmp_path / "EvaluationResult") == evaluation
    assert read_training(tmp_path / "TrainingResult") == training
    assert read_pin(tmp_path / "ChampionPin", "coding-mcqa") == pin
    assert read_verdict(tmp_path / "Verdict") == verdict


def test_text_is_sorted_indented_and_ends_with_a_newline() -> None:
    assert json_text({"b": 1.0, "a": 0.5}) == '{\n  "a": 0.5,\n  "b": 1.0\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"a": float("nan")})
    assert csv_text(("a", "b"), [("x, y", 1)]) == 'a,b\n"x, y",1\n'


RATIOS = st.floats(0.0, 1.0)
LETTERS = st.sampled_from("ABCDEFGHIJ")


def record_of(gold: str, letter: str | None, **told: object) -> QuestionRecord:
    correct = None if letter is None else letter == gold
    return QuestionRecord.model_validate(
        {**told, "gold": gold, "letter": letter, "correct": correct}
    )


RECORDS = st.builds(
    record_of,
    id=st.text(min_size=1),
    family=st.none() | st.text(),
    difficulty=st.none() | st.text(),
    gold=LETTERS,
    letter=st.none() | LETTERS,
    confidence=st.none() | RATIOS,
    probabilities=st.lists(RATIOS, max_size=10).map(tuple),
    misconception=st.none() | st.text(),
)


@given(st.lists(RECORDS, min_size=1, max_size=5, unique_by=lambda record: record.id))
def test_records_survive_the_way_through_text(records: list[QuestionRecord]) -> None:
    text = records_text(records)
    assert parse_records(text, Path("records.jsonl")) == tuple(records)
    assert records_text(parse_records(text, Path("records.jsonl"))) == text
