from __future__ import annotations

import math

import pytest

from stats.samples import BadSample, check_count, check_open_share, check_trials


def test_the_error_says_which_statistic_and_why() -> None:
    error = BadSample("Wilson's interval", "the sample is empty")
    assert isinstance(error, ValueError)
    assert (error.statistic, error.reason) == ("Wilson's interval", "the sample is empty")
    assert str(error) == "Wilson's interval: the sample is empty"


@pytest.mark.parametrize("value", [-1, True, 1.0, math.nan, "3", None])
def test_what_is_not_a_count_is_refused(value: object) -> None:
    with pytest.raises(BadSample, match="the number"):
        check_count("a test", "the number", value)  # type: ignore[arg-type]


def test_no_trials_are_refused() -> None:
    with pytest.raises(BadSample, match="empty"):
        check_trials("a test", 0)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1.1, math.nan, math.inf])
def test_a_level_lies_strictly_between_0_and_1(value: float) -> None:
    with pytest.raises(BadSample, match="level"):
        check_open_share("a test", "the level", value)
