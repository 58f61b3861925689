from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from contracts.questions import LETTERS
from evaluation.run import Asking
from evaluation.temperature import fitted_temperature, read_validation
from mcq.calibration import COLDEST, HOTTEST, with_temperature
from mcq.loaders import questions_digest
from mcq.orders import rotated
from mcq.scorer import Scorer
from tests.evaluation.making import make_questions, make_suite, write_questions


def test_no_file_and_no_questions_give_no_temperature(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    suite = make_suite(make_questions(5))
    path = write_questions(tmp_path / "validation.jsonl", make_questions(9)[5:])
    assert read_validation(None, suite, 10) == ()
    assert read_validation(path, suite, 0) == ()
    assert fitted_temperature(Scorer.load(tiny_checkpoint), (), Asking(512)) is None


def test_questions_of_the_suite_and_without_an_answer_are_not_validation(tmp_path: Path) -> None:
    questions = make_questions(12)
    turned = rotated(questions[1], 2).model_copy(update={"id": "turned"})
    blind = questions[11].model_copy(update={"answer": None})
    path = write_questions(tmp_path / "validation.jsonl", [turned, *questions[3:11], blind])
    chosen = read_validation(path, make_suite(questions[:5]), 100)
    assert {one.id for one in chosen} == {one.id for one in questions[5:11]}
    assert read_validation(path, make_suite(questions[:5]), 3) == chosen[:3]


def test_it_is_fitted_on_what_could_be_scored(tiny_checkpoint: Path) -> None:
    scorer = Scorer.load(tiny_checkpoint)
    questions = make_questions(40)
    # A version that knows something: two of three times it is right.
    questions = [
        question.model_copy(update={"answer": answer.letter}) if place % 3 else question
        for place, (question, answer) in enumerate(
            zip(questions, scorer.score(questions), strict=True)
        )
    ]
    questions[7] = questions[7].model_copy(update={"code": "print(1)\n" * 100})
    heard: list[int] = []
    fitted = fitted_temperature(scorer, questions, Asking(512), heard.append)
    assert fitted is not None
    rest = [*questions[:7], *questions[8:]]
    assert (fitted.questions, fitted.questions_digest) == (39, questions_digest(rest))
    assert fitted.nats_after < fitted.nats_before
    assert not fitted.at_bound
    assert heard[-1] == 40
    # No neighbour does better.
    rows = [answer.probabilities for answer in scorer.score(rest)]
    nats = [
        -sum(
            math.log(with_temperature(row, value)[one.gold or 0])
            for row, one in zip(rows, rest, strict=True)
        )
        / len(rest)
        for value in (fitted.value / 1.01, fitted.value, fitted.value * 1.01)
    ]
    assert nats[1] == pytest.approx(fitted.nats_after, abs=1e-6)
    assert nats[1] <= min(nats[0], nats[2]) + 1e-9


def test_an_end_of_the_range_is_told_as_one(tiny_checkpoint: Path) -> None:
    """Always right: no temperature is cold enough. Always wrong: none is hot enough."""
    scorer = Scorer.load(tiny_checkpoint)
    questions = make_questions(12)
    answers = scorer.score(questions)
    for last, value, words in (
        (True, COLDEST, "0.010, an end of the range that was searched"),
        (False, HOTTEST, "100.000, an end of the range that was searched"),
    ):
        told = [
            question.model_copy(update={"answer": LETTERS[by_liking(answer.probabilities)[-last]]})
            for question, answer in zip(questions, answers, strict=True)
        ]
        fitted = fitted_temperature(scorer, told, Asking(512))
        assert fitted is not None
        assert (fitted.value, fitted.at_bound, fitted.told()) == (value, True, words)


def by_liking(probabilities: Sequence[float]) -> list[int]:
    """Places, the least liked first."""
    return sorted(range(len(probabilities)), key=lambda place: probabilities[place])
