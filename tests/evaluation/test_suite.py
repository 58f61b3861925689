from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from contracts.errors import BadInput, BadRow
from evaluation.suite import read_suite
from mcq.loaders import questions_digest
from tests.evaluation.making import make_questions, write_questions


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.jsonl"):
        read_suite(tmp_path / "none.jsonl", "bank-test", 5)


def test_a_bad_row_is_named(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(3))
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(BadRow, match=":4:"):
        read_suite(path, "bank-test", 2)


def test_a_question_without_an_answer_is_refused_even_beyond_those_taken(tmp_path: Path) -> None:
    questions = make_questions(20)
    for place, question in enumerate(questions):
        rest = [*questions[:place], *questions[place + 1 :]]
        blind = question.model_copy(update={"answer": None})
        path = write_questions(tmp_path / "test.jsonl", [*rest, blind])
        with pytest.raises(BadInput, match=question.id):
            read_suite(path, "bank-test", 1)


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    questions = make_questions(50)
    one = read_suite(write_questions(tmp_path / "a.jsonl", questions), "bank-test", 30)
    Random(1).shuffle(questions)
    other = read_suite(write_questions(tmp_path / "b.jsonl", questions), "bank-test", 30)
    assert one.questions == other.questions
    assert one.digest == other.digest == questions_digest(list(one.questions))


def test_a_larger_suite_begins_with_the_smaller_one(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(50))
    small, large = read_suite(path, "bank-test", 10), read_suite(path, "bank-test", 40)
    assert (len(small.questions), len(large.questions)) == (10, 40)
    assert large.questions[:10] == small.questions
    assert small.digest != large.digest


def test_all_are_taken_when_fewer_than_asked(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(7))
    suite = read_suite(path, "bank-test", 1_000)
    assert len(suite.questions) == 7
    assert (suite.name, suite.source) == ("bank-test", path)


def test_an_altered_question_alters_the_digest(tmp_path: Path) -> None:
    questions = make_questions(7)
    before = read_suite(write_questions(tmp_path / "a.jsonl", questions), "bank-test", 7)
    questions[3] = questions[3].model_copy(update={"answer": "A"})
    after = read_suite(write_questions(tmp_path / "b.jsonl", questions), "bank-test", 7)
    assert before.digest != after.digest
