from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EmptySample
from contracts.verdicts import QuestionRecord
from evaluation.metrics.calibration import (
    brier_score,
    calibration_error,
    calibration_error_interval,
    mean_confidence,
    reliability,
)
from tests.evaluation.making import make_record, make_records

OUTCOMES = st.lists(
    st.tuples(st.none() | st.booleans(), st.floats(0.26, 1.0)), min_size=1, max_size=60
)


def build(pairs: list[tuple[bool | None, float]]) -> list[QuestionRecord]:
    return [
        make_record(str(place), outcome, confidence=confidence)
        for place, (outcome, confidence) in enumerate(pairs)
    ]


@pytest.mark.parametrize("records", [(), make_records([None, None])])
def test_nothing_scored_raises(records: tuple[QuestionRecord, ...]) -> None:
    for metric in (brier_score, mean_confidence, calibration_error):
        with pytest.raises(EmptySample, match="no question was scored"):
            metric(records)
    assert reliability(records) == []


def test_the_brier_score_ends_at_0_and_2() -> None:
    assert brier_score([make_record("a", True, confidence=1.0)]) == 0.0
    assert brier_score([make_record("a", False, confidence=1.0)]) == 2.0


@given(OUTCOMES.filter(lambda pairs: any(outcome is not None for outcome, _ in pairs)))
def test_equal_to_the_slow_definitions(pairs: list[tuple[bool | None, float]]) -> None:
    records = build(pairs)
    scored = [record for record in records if record.correct is not None]
    probabilities = np.array([record.probabilities for record in scored])
    gold = np.zeros_like(probabilities)
    gold[:, 0] = 1.0
    assert brier_score(records) == pytest.approx(
        ((probabilities - gold) ** 2).sum(1).mean(), abs=1e-12
    )
    confidences = probabilities.max(1)
    assert mean_confidence(records) == pytest.approx(confidences.mean(), abs=1e-12)
    right = np.array([record.correct for record in scored], dtype=float)
    places = np.searchsorted(np.arange(1, 10) / 10, confidences, side="left")
    error = sum(
        (places == place).mean()
        * abs(right[places == place].mean() - confidences[places == place].mean())
        for place in set(places.tolist())
    )
    assert calibration_error(records) == pytest.approx(error, abs=1e-12)


@given(OUTCOMES)
def test_every_scored_question_is_in_one_bin(pairs: list[tuple[bool | None, float]]) -> None:
    records = build(pairs)
    bins = reliability(records)
    assert sum(one.questions for one in bins) == sum(outcome is not None for outcome, _ in pairs)
    assert sum(one.correct for one in bins) == sum(outcome is True for outcome, _ in pairs)
    for one in bins:
        assert one.lower - 1e-12 <= one.confidence <= one.upper + 1e-12
        assert 0.0 <= one.accuracy <= 1.0


def test_an_edge_belongs_to_the_bin_below() -> None:
    (one,) = reliability([make_record("a", True, confidence=0.5)])
    assert (one.lower, one.upper) == (0.4, 0.5)


def test_a_calibrated_model_has_no_error() -> None:
    records = build([(True, 0.75)] * 3 + [(False, 0.75)])
    assert calibration_error(records) == pytest.approx(0.0, abs=1e-12)


def test_the_interval_stands_around_the_error_and_comes_again() -> None:
    records = [
        make_record(str(place), place % 3 == 0, confidence=0.3 + place % 7 / 10)
        for place in range(200)
    ]
    found = calibration_error_interval(records, 0.95, seed=1)
    assert found.estimate == pytest.approx(calibration_error(records))
    assert found.lower < found.estimate < found.upper
    assert found == calibration_error_interval(records, 0.95, seed=1)
    assert found != calibration_error_interval(records, 0.95, seed=2)
    balanced = build([(True, 0.5), (False, 0.5)] * 5)
    even = calibration_error_interval(balanced, 0.95, seed=1)
    assert (even.estimate, even.lower) == (0.0, 0.0)
    with pytest.raises(EmptySample):
        calibration_error_interval([make_record("1", None)], 0.95, seed=1)
