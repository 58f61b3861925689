from __future__ import annotations

from fractions import Fraction

import pytest
from statsmodels.stats.proportion import proportion_confint

from contracts.errors import EmptySample
from contracts.questions import Question
from evaluation.metrics.accuracy import (
    accuracy_by,
    accuracy_of,
    accuracy_over_families,
    chance_accuracy,
)
from stats.clusters import clustered
from tests.evaluation.making import make_questions, make_record, make_records


@pytest.mark.parametrize("outcomes", [[], [None], [None, None]])
def test_nothing_scored_has_no_accuracy(outcomes: list[bool | None]) -> None:
    records = make_records(outcomes)
    assert accuracy_of(records, 0.95) is None
    assert accuracy_by(records, "family", 0.95) == {}
    with pytest.raises(EmptySample, match="chance"):
        chance_accuracy(make_questions(len(records)), records)


def test_over_families_is_clustered_and_needs_two() -> None:
    lists = [make_record(f"l{place}", place < 9, family="lists") for place in range(10)]
    sums = [make_record(f"s{place}", place < 2, family="sums") for place in range(20)]
    other = [make_record("o", True, family=None), make_record("u", None, family="loops")]
    found = accuracy_over_families([*lists, *sums, *other], 0.9)
    assert found is not None
    assert (found.families, found.questions, found.correct) == (2, 30, 11)
    assert tuple(dict(found.accuracy).values()) == (*clustered([9, 2], [10, 20], 0.9), 0.9)
    assert accuracy_over_families([*lists, *other], 0.9) is None
    assert accuracy_over_families((), 0.9) is None
    with pytest.raises(EmptySample, match="level"):
        accuracy_over_families([*lists, *sums], 2.0)


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
    two = Question(id="two", stem="?", choices=("a", "b"), answer="A")
    (four, unscored) = make_questions(2)
    assert chance_accuracy([four, two, unscored], make_records([True, False, None])) == 0.375
