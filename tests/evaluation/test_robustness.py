from __future__ import annotations

import time

import numpy as np
import pytest

from contracts.errors import EmptySample
from contracts.questions import LETTERS
from contracts.robustness import RobustnessReport
from contracts.verdicts import FittedTemperature, QuestionRecord
from evaluation.leaks import leaks_of
from evaluation.learned import NO_TRAINING
from evaluation.robustness import (
    ALL_SEEN,
    FEW_FAMILIES,
    NO_LETTERS,
    NO_ORDERS,
    NO_PRIOR,
    TOO_FEW,
    UNSCORED,
    robustness_of,
    with_asked,
    with_leaks,
)
from tests.evaluation.making import DIGEST, make_questions, make_records


def by_letter(
    count: int, *, liked: float, sure: float = 1.0, seed: int = 4
) -> list[QuestionRecord]:
    """Four choices; a believed one, right half the time, and a liking for A, in nats."""
    draws = np.random.default_rng(seed)
    found = []
    for number in range(count):
        gold = number % 4
        believed = draws.normal(0.0, 0.6, 4) + np.eye(4)[gold]
        orders = []
        for order in range(4):
            scores = sure * (np.roll(believed, -order) + liked * np.eye(4)[0])
            weights = np.exp(scores - scores.max())
            orders.append(tuple((weights / weights.sum()).tolist()))
        top = orders[0].index(max(orders[0]))
        found.append(
            QuestionRecord.model_validate(
                {
                    "id": f"q{number}",
                    "family": None,
                    "difficulty": None,
                    "gold": LETTERS[gold],
                    "letter": LETTERS[top],
                    "correct": top == gold,
                    "confidence": max(orders[0]),
                    "probabilities": orders[0],
                    "option_mass": 0.9,
                    "orders": tuple(orders),
                }
            )
        )
    return found


def test_a_liking_for_a_letter_is_told_and_divided_out() -> None:
    fair = robustness_of(by_letter(400, liked=0.0), seed=1)
    leaning = robustness_of(by_letter(400, liked=1.5), seed=1)
    assert fair.orders is not None
    assert leaning.orders is not None
    assert fair.letters is not None
    assert leaning.letters is not None
    assert leaning.debiased is not None
    assert fair.orders.flipped_ratio == 0.0
    assert leaning.orders.flipped_ratio > 0.5
    assert leaning.orders.mean_accuracy.estimate < fair.orders.mean_accuracy.estimate - 0.1
    assert leaning.letters.recall_deviation is not None
    assert fair.letters.recall_deviation is not None
    assert leaning.letters.recall_deviation > fair.letters.recall_deviation + 0.1
    assert [one.letter for one in leaning.letters.positions] == list("ABCD")
    assert leaning.letters.option_mass == pytest.approx(0.9)
    assert leaning.debiased.estimated_on_count == 20
    assert leaning.debiased.accuracy.estimate == pytest.approx(
        fair.orders.mean_accuracy.estimate, abs=0.02
    )
    assert set(leaning.missing) == {
        *("families", "temperature", "choices_only", "unread", "contamination", "unseen"),
    }


def test_what_has_no_meaning_says_why() -> None:
    text = robustness_of(make_records([True, False, None]), seed=0)
    assert (text.scored_count, text.unscored_count) == (2, 1)
    assert text.missing["orders"] == text.missing["debiased"] == NO_LETTERS
    assert text.missing["letters"] == NO_LETTERS
    assert text.calibration is not None
    assert text.abstention is not None
    nothing = robustness_of(make_records([None]), seed=0)
    for name in ("letters", "tie_ratio", "calibration", "abstention"):
        assert nothing.missing[name] == UNSCORED
    assert robustness_of((), seed=0).missing["calibration"] == UNSCORED
    once = [one.model_copy(update={"orders": ()}) for one in by_letter(9, liked=0.0)]
    alone = robustness_of(once, seed=0)
    assert alone.missing["orders"] == alone.missing["debiased"] == NO_ORDERS
    few = robustness_of(by_letter(1, liked=0.0), seed=0)
    assert (few.missing["orders"], few.missing["debiased"]) == (TOO_FEW, NO_PRIOR)


def test_families_that_differ_tell_less_of_others_than_their_questions_do() -> None:
    records = [
        one.model_copy(update={"family": None if place == 120 else f"family {place % 12}"})
        for place, one in enumerate(make_records([place % 12 < 6 for place in range(121)]))
    ]
    found = robustness_of([*records, *make_records([None])], seed=0)
    assert found.families is not None
    assert (found.families.families_count, found.families.questions_count) == (12, 120)
    assert found.families.correct_count == 60
    ends = found.families.accuracy
    assert ends.estimate == 0.5
    # Each family is right or wrong whole: the interval is that of twelve trials.
    assert (ends.lower, ends.upper) == pytest.approx((0.22, 0.78), abs=0.02)
    one_family = robustness_of(make_records([True, False]), seed=0)
    assert one_family.missing["families"] == FEW_FAMILIES


def test_the_same_again_through_json_and_fast() -> None:
    records = by_letter(3_000, liked=0.5)
    start = time.process_time()
    report = robustness_of(records, seed=7)
    assert time.process_time() - start < 5.0
    assert report == robustness_of(records, seed=7)
    assert RobustnessReport.model_validate_json(report.model_dump_json()) == report


def test_what_the_questions_tell_of_themselves() -> None:
    questions = make_questions(40)
    records = make_records([True] * 10 + [True, False, None])
    report = robustness_of(records, seed=0)
    alone = with_leaks(report, leaks_of(questions, NO_TRAINING, seed=0), records)
    assert alone.choices_only is not None
    assert {one.rule for one in alone.choices_only} == {
        "always_a",
        "longest",
        "shortest",
        "most_central",
    }
    assert alone.choices_only[0].correct_count == 10
    assert alone.missing["contamination"] == NO_TRAINING
    assert alone.missing["unseen"] == NO_TRAINING
    whole = with_leaks(report, leaks_of(questions, questions[:10], seed=0), records)
    assert whole.contamination is not None
    assert whole.contamination.same_program_count == 10
    assert whole.contamination.twins == tuple(question.id for question in questions[:10])
    assert whole.unseen is not None
    assert (whole.unseen.questions, whole.unseen.correct) == (2, 1)
    none = with_leaks(report, leaks_of(questions, questions, seed=0), records)
    assert (none.unseen, none.missing["unseen"]) == (None, ALL_SEEN)
    assert set(none.missing) - set(whole.missing) == {"unseen"}
    with pytest.raises(EmptySample):
        leaks_of([], NO_TRAINING, seed=0)


def test_a_fitted_temperature_closes_its_gap() -> None:
    found = FittedTemperature(
        value=1.5, questions=9, questions_digest=DIGEST, nats_before=1.5, nats_after=1.25
    )
    report = with_asked(robustness_of(make_records([True, False]), seed=0), found, None)
    assert report.temperature == found
    assert "temperature" not in report.missing
