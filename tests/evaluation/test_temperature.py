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
    scorer = Scorer.load(tiny_checkpoint)
    assert fitted_temperature(scorer, (), Asking(512), families=()) is None


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
    fitted = fitted_temperature(scorer, questions, Asking(512), heard.append, families=())
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
        fitted = fitted_temperature(scorer, told, Asking(512), families=())
        assert fitted is not None
        assert (fitted.value, fitted.at_bound, fitted.told()) == (value, True, words)
        assert fitted.interval is None


def test_it_tells_of_which_questions_it_is(tiny_checkpoint: Path) -> None:
    scorer = Scorer.load(tiny_checkpoint)
    questions = make_questions(60)  # twenty of each of sums, lists and strings
    path = Path("bank/validation.jsonl")
    whole = fitted_temperature(
        scorer, questions, Asking(512), families={"sums", "lists", "strings"}, source=path
    )
    some = fitted_temperature(scorer, questions, Asking(512), families={"sums", None}, source=path)
    few = fitted_temperature(scorer, questions[:9], Asking(512), families={"loops"}, source=path)
    one = fitted_temperature(scorer, questions[:1], Asking(512), families=set())
    assert whole is not None
    assert some is not None
    assert few is not None
    assert one is not None
    lacks = "families that the suite's questions do not have"
    assert [fitted.told_questions() for fitted in (whole, some, few, one)] == [
        "60 validation questions of bank/validation.jsonl",
        f"60 validation questions of bank/validation.jsonl (40 of {lacks})",
        f"9 validation questions of {path} (fewer than 50, too few to go by; all of {lacks})",
        f"1 validation question (fewer than 50, too few to go by; all of {lacks})",
    ]


def test_enough_questions_give_an_interval_always_the_same(tiny_checkpoint: Path) -> None:
    scorer = Scorer.load(tiny_checkpoint)
    questions = make_questions(60)
    questions = [
        question.model_copy(update={"answer": answer.letter}) if place % 3 else question
        for place, (question, answer) in enumerate(
            zip(questions, scorer.score(questions), strict=True)
        )
    ]
    first, again = (
        fitted_temperature(scorer, questions, Asking(512), families=()) for _ in range(2)
    )
    assert first is not None
    assert first == again
    found = first.interval
    assert found is not None
    assert (found.estimate, found.level) == (first.value, 0.95)
    assert found.lower < first.value < found.upper < 10 * found.lower
    assert first.told() == f"{first.value:.3f} ({found.lower:.3f} to {found.upper:.3f})"
    few = fitted_temperature(scorer, questions[:49], Asking(512), families=())
    assert few is not None
    assert few.interval is None


def by_liking(probabilities: Sequence[float]) -> list[int]:
    """Places, the least liked first."""
    return sorted(range(len(probabilities)), key=lambda place: probabilities[place])
