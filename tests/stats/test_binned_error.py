from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stats.binned_error import binned_error
from stats.samples import BadSample

BINS = 10


def places(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.ceil(confidence * BINS).astype(np.int64) - 1


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.01, 1.0)), min_size=1, max_size=80),
    st.floats(0.5, 0.99),
)
def test_the_definition_inside_its_interval(pairs: list[tuple[bool, float]], level: float) -> None:
    outcomes = np.array([one for one, _ in pairs])
    confidence = np.array([one for _, one in pairs])
    bins = places(confidence)
    estimate, lower, upper = binned_error(outcomes, confidence, bins, level, seed=1, draws=500)
    slow = sum(
        abs(sum(float(y) - c for (y, c), at in zip(pairs, bins, strict=True) if at == wanted))
        for wanted in range(BINS)
    )
    assert estimate == pytest.approx(slow / len(pairs), abs=1e-12)
    assert 0.0 <= lower <= estimate <= upper <= 1.0
    assert lower < upper


def test_what_no_sample_tells_from_0_reaches_0() -> None:
    """Half of ten right at a confidence of a half: nothing speaks against calibration."""
    outcomes = np.array([True, False] * 5)
    half = np.full(10, 0.5)
    found = binned_error(outcomes, half, places(half), 0.95, seed=1)
    assert (found.estimate, found.lower) == (0.0, 0.0)
    assert 0.2 < found.upper < 0.5


def test_one_bin_far_from_0_has_the_ends_of_a_proportion() -> None:
    outcomes = np.arange(1_000) < 400
    expected = np.full(1_000, 0.7)
    found = binned_error(outcomes, expected, places(expected), 0.95, seed=1)
    assert found.estimate == pytest.approx(0.3)
    assert found.upper - 0.3 == pytest.approx(1.96 * (0.24 / 1_000) ** 0.5, rel=0.01)
    # Its noise might have been taken for error: the lower end goes as far as |Z| does.
    assert 0.3 - found.lower == pytest.approx(2.24 * (0.24 / 1_000) ** 0.5, rel=0.02)


@pytest.mark.parametrize("questions", [200, 1_200])
@pytest.mark.parametrize("error", [0.0, 0.02, 0.05, 0.15])
def test_coverage_whatever_the_true_error(questions: int, error: float) -> None:
    """Confidences uniform from 0.25 to 1 and an accuracy ``error`` below them: the share of 400
    intervals at 95 % that hold it. ``docs/statistics.md`` has more of the same."""
    draws = np.random.default_rng(6)
    held = 0
    for seed in range(400):
        confidence = draws.uniform(0.25, 1.0, questions)
        right = draws.random(questions) < confidence - error
        _, lower, upper = binned_error(
            right, confidence, places(confidence), 0.95, seed=seed, draws=1_000
        )
        held += lower <= error <= upper
    assert held / 400 >= 0.94


def test_more_questions_tell_more() -> None:
    draws = np.random.default_rng(2)

    def width(questions: int) -> float:
        confidence = draws.uniform(0.25, 1.0, questions)
        right = draws.random(questions) < confidence - 0.1
        _, lower, upper = binned_error(right, confidence, places(confidence), 0.95, seed=1)
        return upper - lower

    assert width(3_200) < 0.6 * width(800) < 0.36 * width(200)


@pytest.mark.parametrize(
    ("outcomes", "expected", "bins", "words"),
    [
        ([], [], [], "empty"),
        ([True], [0.5], [0, 0], "differ in number"),
        ([True], [float("nan")], [0], "not finite"),
        ([True], [1.5], [0], "not within 0 and 1"),
        ([True], [0.5], [-1], "less than 0"),
    ],
)
def test_what_is_no_sample_is_refused(
    outcomes: list[bool], expected: list[float], bins: list[int], words: str
) -> None:
    with pytest.raises(BadSample, match=words):
        binned_error(
            np.array(outcomes, dtype=bool),
            np.array(expected, dtype=float),
            np.array(bins, dtype=np.int64),
            0.95,
            seed=1,
        )


def test_no_draws_and_no_level_are_refused() -> None:
    one = np.array([True]), np.array([0.5]), np.array([0])
    with pytest.raises(BadSample, match="no draw"):
        binned_error(*one, 0.95, seed=1, draws=0)
    with pytest.raises(BadSample, match="level"):
        binned_error(*one, 1.0, seed=1)
