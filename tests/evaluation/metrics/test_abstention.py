from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EmptySample
from evaluation.metrics.abstention import accuracy_against_coverage, risk_area
from tests.evaluation.making import make_record

OUTCOMES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.3, 0.5, 0.7, 0.9])), min_size=1, max_size=60
)


@given(OUTCOMES)
def test_full_coverage_has_the_accuracy_of_all(outcomes: list[tuple[bool, float]]) -> None:
    records = [
        make_record(str(place), right, confidence=confidence)
        for place, (right, confidence) in enumerate(outcomes)
    ]
    points = accuracy_against_coverage(records)
    assert points[-1].coverage == 1.0
    assert points[-1].accuracy == pytest.approx(sum(right for right, _ in outcomes) / len(outcomes))
    assert [point.coverage for point in points] == sorted({point.coverage for point in points})
    assert 0.0 <= risk_area(records) <= 1.0
    assert accuracy_against_coverage(records[::-1]) == points


def test_by_hand() -> None:
    records = [
        make_record("1", True, confidence=0.9),
        make_record("2", True, confidence=0.9),
        make_record("3", False, confidence=0.4),
        make_record("4", None),
    ]
    (first, second) = accuracy_against_coverage(records)
    assert (first.coverage, first.confidence, first.accuracy) == (2 / 3, 0.9, 1.0)
    assert (second.coverage, second.confidence, second.accuracy) == (1.0, 0.4, 2 / 3)
    assert risk_area(records) == pytest.approx(1 / 3 * 1 / 3)


def test_confidence_that_tells_nothing_has_the_share_of_wrong_answers() -> None:
    records = [make_record(str(place), place % 4 == 0) for place in range(40)]
    assert risk_area(records) == pytest.approx(0.75)


def test_of_nothing_there_is_no_area() -> None:
    assert accuracy_against_coverage([make_record("1", None)]) == []
    with pytest.raises(EmptySample):
        risk_area([make_record("1", None)])
