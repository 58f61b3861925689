from __future__ import annotations

from fractions import Fraction

import pytest
from statsmodels.stats.proportion import proportion_confint

from contracts.errors import EmptySample
from evaluation.metrics.accuracy import accuracy_by, accuracy_of, chance_accuracy
from tests.evaluation.making import make_record, make_records


@pytest.mark.parametrize("outcomes", [[], [None], [None, None]])
def test_nothing_scored_has_no_accuracy(outcomes: list[bool | None]) -> None:
    records = make_records(outcomes)
    assert accuracy_of(records, 0.95) is None
    assert accuracy_by(records, "family", 0.95) == {}
    with pytest.raises(EmptySample, match="chance"):
        chance_accuracy(records)


def test_an_impossible_level_is_an_error_of_ours() -> None:
    with pytest.raises(EmptySample, match="level"):
        accuracy_of(make_records([True]), 1.5)


def test_it_is_the_share_of_the_scored() -> None:
    found = accuracy_of(make_records([True] * 3 + [False] * 7 + [None] * 5), 0.9)
    assert found is not None
    assert (found.questions, found.correct, found.accuracy.level) == (10, 3, 0.9)
    assert found.accuracy.estimate == float(Fraction(3, 10))
    lower, upper = proportion_confint(3, 10, 0.1, method="wilson")
    assert found.accuracy.lower == pytest.approx(lower, abs=1e-12)
    assert found.accuracy.upper == pytest.approx(upper, abs=1e-12)


@pytest.mark.parametrize("outcome", [True, False])
def test_one_question(outcome: bool) -> None:
    found = accuracy_of(make_records([outcome]), 0.95)
    assert found is not None
    assert found.accuracy.estimate == float(outcome)


def test_groups_are_sorted_and_apart() -> None:
    records = [
        make_record("1", True, family="b", difficulty="easy"),
        make_record("2", False, family="a", difficulty="easy"),
        make_record("3", True, family="a", difficulty=None),
    ]
    families = accuracy_by(records, "family", 0.95)
    assert {name: (group.correct, group.questions) for name, group in families.items()} == {
        "a": (1, 2),
        "b": (1, 1),
    }
    assert list(families) == ["a", "b"]
    assert list(accuracy_by(records, "difficulty", 0.95)) == ["easy"]


def test_chance_is_the_mean_over_the_numbers_of_choices() -> None:
    two = make_record("2", True).model_copy(update={"probabilities": (0.7, 0.3)})
    assert chance_accuracy([make_record("1", True), two, make_record("3", None)]) == 0.375
