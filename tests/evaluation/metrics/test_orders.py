from __future__ import annotations

import math
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import LETTERS, Letter
from contracts.verdicts import QuestionRecord
from evaluation.metrics.orders import (
    debiased,
    gold_positions,
    option_mass,
    order_figures,
    recall_deviation,
    tie_rate,
)


def softmax(values: list[float]) -> tuple[float, ...]:
    weights = [math.exp(value) for value in values]
    return tuple(weight / sum(weights) for weight in weights)


def record(number: int, gold: int, believed: list[float], liked: list[float]) -> QuestionRecord:
    """A model that adds its liking for a letter to what it believes of a choice, in nats."""
    many = len(believed)
    orders = tuple(
        softmax([believed[(place + order) % many] + liked[place] for place in range(many)])
        for order in range(many)
    )
    letter = LETTERS[orders[0].index(max(orders[0]))]
    return QuestionRecord(
        id=str(number),
        family=None,
        difficulty=None,
        gold=cast("Letter", LETTERS[gold]),
        letter=cast("Letter", letter),
        correct=letter == LETTERS[gold],
        confidence=max(orders[0]),
        probabilities=orders[0],
        option_mass=0.5,
        orders=orders,
    )


def knowing(count: int, liked: list[float]) -> list[QuestionRecord]:
    """Believes in the gold a little more than in the rest; golds go round the letters."""
    many = len(liked)
    return [
        record(
            number, number % many, [float(place == number % many) for place in range(many)], liked
        )
        for number in range(count)
    ]


def by_text(count: int) -> list[QuestionRecord]:
    return [
        one.model_copy(update={"orders": (), "option_mass": None})
        for one in knowing(count, [0.0, 0.0])
    ]


def test_without_a_favourite_letter_no_order_matters() -> None:
    found = order_figures(knowing(40, [0.0, 0.0, 0.0, 0.0]), 0.95)
    assert found is not None
    assert (found.mean.estimate, found.worst, found.all_right, found.flipped) == (1, 1, 1, 0)
    assert recall_deviation(knowing(40, [0.0] * 4)) == 0.0


def test_a_favourite_letter_shows_in_every_figure() -> None:
    """A is liked by more than what is believed: A is answered always."""
    records = knowing(40, [2.0, 0.0, 0.0, 0.0])
    found = order_figures(records, 0.95)
    assert found is not None
    assert found.questions == 40
    assert found.mean.estimate == found.worst == 0.25
    assert found.mean.lower < 0.25 < found.mean.upper
    assert found.all_right == 0.0
    assert found.flipped == 1.0
    assert gold_positions(records) == {"A": (10, 10), "B": (0, 10), "C": (0, 10), "D": (0, 10)}
    assert recall_deviation(records) == pytest.approx(math.sqrt(0.1875))


@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.integers(0, 2**31))
def test_what_is_liked_is_divided_out(liked: list[float], seed: int) -> None:
    found = debiased(knowing(60, liked), 0.95, seed=seed)
    assert found is not None
    assert found.accuracy.estimate == 1.0
    assert (found.estimated_on, found.questions) == (3, 60)
    assert found.priors[4] == pytest.approx(softmax(liked), abs=1e-6)


def test_at_most_5_percent_tell_the_prior() -> None:
    assert debiased(knowing(19, [1.0, 0.0]), 0.95, seed=0) is None
    found = debiased(knowing(399, [1.0, 0.0]), 0.95, seed=0)
    assert found is not None
    assert found.estimated_on == 19


def test_numbers_of_choices_are_kept_apart() -> None:
    mixed = knowing(40, [2.0, 0.0]) + knowing(60, [0.0, 0.0, 2.0])
    found = debiased(mixed, 0.95, seed=1)
    assert found is not None
    assert set(found.priors) == {2, 3}
    assert found.priors[2][0] > 0.8
    assert found.priors[3][2] > 0.7
    assert found.accuracy.estimate == 1.0


def test_where_no_order_was_asked_nothing_is_said() -> None:
    records = by_text(30)
    assert order_figures(records, 0.95) is None
    assert debiased(records, 0.95, seed=0) is None
    assert recall_deviation(records) is None
    assert option_mass(records) is None
    assert gold_positions(records) == {}
    assert order_figures(knowing(1, [0.0, 0.0]), 0.95) is None


def test_ties_and_mass_are_shares_of_the_scored() -> None:
    tied = record(1, 0, [0.0, 0.0], [0.0, 0.0])
    clear = record(2, 0, [1.0, 0.0], [0.0, 0.0])
    unscored = clear.model_copy(
        update={"probabilities": (), "letter": None, "correct": None, "orders": ()}
    )
    assert tie_rate([tied, clear, unscored]) == 0.5
    assert tie_rate([unscored]) is None
    assert option_mass([tied, clear]) == 0.5
