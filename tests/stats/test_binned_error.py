from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, binomtest

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
    assert found.upper - 0.3 == pytest.approx(1.96 * (0.24 / 1_000) ** 0.5, rel=0.03)
    # Its noise might have been taken for error: the lower end goes as far as |Z| does.
    assert 0.3 - found.lower == pytest.approx(2.24 * (0.24 / 1_000) ** 0.5, rel=0.03)


def test_a_strong_version_may_be_wrong_more_often_than_it_was() -> None:
    """200 questions, sure of all and wrong on none: the exact upper end of what it may be."""
    sure = np.ones(200)
    found = binned_error(sure == 1.0, sure, places(sure), 0.95, seed=1)
    assert (found.estimate, found.lower) == (0.0, 0.0)
    exact = binomtest(0, 200).proportion_ci(0.95, method="exact")
    assert found.upper == pytest.approx(exact.high, abs=1e-12)


@pytest.mark.parametrize("questions", [20, 50, 200, 557])
@pytest.mark.parametrize("confidence", [1.0, 0.999, 0.95, 0.85, 0.5])
def test_exact_coverage_of_one_confidence(questions: int, confidence: float) -> None:
    """Every answer has the same confidence; the true accuracy is anything, most of all near 1.
    Summed over every number of right answers by its probability: at no accuracy below 95 %."""
    rights = np.arange(questions + 1)
    expected = np.full(questions, confidence)
    found = [
        binned_error(
            np.arange(questions) < right, expected, places(expected), 0.95, seed=1, draws=4_000
        )
        for right in rights.tolist()
    ]
    lower, upper = (np.array([one[end] for one in found]) for end in (1, 2))
    worst = 1.0
    for accuracy in np.r_[0.1:0.99:89j, 1 - 12 / questions : 1 - 0.05 / questions : 160j]:
        truth = abs(accuracy - confidence)
        held = (lower <= truth + 1e-12) & (truth <= upper + 1e-12)
        worst = min(worst, float(binom.pmf(rights, questions, accuracy)[held].sum()))
    assert worst >= 0.95


def confidences(shape: str, questions: int, draws: np.random.Generator) -> NDArray[np.float64]:
    """Within 0 and 1, (questions,)."""
    one = draws.random(questions)
    if shape == "uniform":
        return 0.25 + 0.75 * one
    if shape == "near 1":
        return 1.0 - 0.2 * draws.beta(1, 4, questions)
    if shape == "near chance":
        return 0.25 + 0.25 * draws.beta(1, 3, questions)
    if shape == "strong":  # half of the answers surer than 0.995
        return 1.0 - 0.02 * one**2
    if shape == "strong with a tail":  # 1 less from a millionth to 0.3
        return 1.0 - 10.0 ** (5.5 * one - 6.0)
    return np.where(one < 0.5, 0.25 + 0.3 * one, 0.9 + 0.2 * (one - 0.5))  # at both ends


def accuracies(
    confidence: NDArray[np.float64], error: float, by_turns: bool
) -> NDArray[np.float64]:
    """Too sure by ``error`` in every bin, or too sure and too unsure by turns; within 0 and 1."""
    signs = np.where(by_turns & (places(confidence) % 2 == 1), 1.0, -1.0)
    return np.clip(confidence + signs * error, 0.0, 1.0)


def true_error(confidence: NDArray[np.float64], accuracy: NDArray[np.float64]) -> float:
    return float(np.abs(np.bincount(places(confidence), accuracy - confidence)).sum()) / len(
        confidence
    )


SHAPES = ("uniform", "near 1", "near chance", "both ends", "strong", "strong with a tail")


@pytest.mark.parametrize("by_turns", [False, True])
@pytest.mark.parametrize("questions", [200, 1_200])
@pytest.mark.parametrize("shape", SHAPES)
def test_coverage_whatever_the_shape_and_the_true_error(
    shape: str, questions: int, by_turns: bool
) -> None:
    """The share of 200 intervals at 95 % that hold the error. ``docs/statistics.md`` has more of
    the same."""
    for error in (0.0, 0.01, 0.02, 0.05, 0.15):
        many = confidences(shape, 200_000, np.random.default_rng(9))
        truth = true_error(many, accuracies(many, error, by_turns))
        draws = np.random.default_rng(6)
        held = 0
        for seed in range(200):
            confidence = confidences(shape, questions, draws)
            right = draws.random(questions) < accuracies(confidence, error, by_turns)
            _, lower, upper = binned_error(
                right, confidence, places(confidence), 0.95, seed=seed, draws=1_000
            )
            held += lower <= truth <= upper
        assert held / 200 >= 0.94, (error, truth)


def test_of_1200_questions_it_takes_no_time_to_speak_of() -> None:
    confidence = np.random.default_rng(4).uniform(0.25, 1.0, 1_200)
    right = np.random.default_rng(5).random(1_200) < confidence
    spent = []
    for seed in range(5):
        before = time.process_time()
        binned_error(right, confidence, places(confidence), 0.95, seed=seed)
        spent.append(time.process_time() - before)
    assert min(spent) < 0.1


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
