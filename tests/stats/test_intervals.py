from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta
from statsmodels.stats.proportion import proportion_confint

from stats.intervals import normal_quantile, trials_to_settle, wilson
from stats.samples import BadSample

LEVELS = st.floats(0.5, 0.999)


@st.composite
def samples(draw: st.DrawFn, largest: int = 5_000) -> tuple[int, int]:
    trials = draw(st.integers(1, largest))
    return draw(st.integers(0, trials)), trials


@pytest.mark.parametrize(
    ("successes", "trials", "level"),
    [(0, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, -2, 0.95), (1, 2, 1.0), (1, 2, math.nan)],
)
def test_impossible_samples_are_refused(successes: int, trials: int, level: float) -> None:
    with pytest.raises(BadSample):
        wilson(successes, trials, level)


def test_a_float_is_no_count() -> None:
    with pytest.raises(BadSample, match="whole number"):
        wilson(math.nan, 10, 0.95)  # type: ignore[arg-type]


def test_normal_quantile() -> None:
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054, abs=1e-15)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_equal_to_statsmodels(level: float) -> None:
    for trials in (1, 2, 7, 50, 1_000):
        for successes in {0, 1, trials // 3, trials - 1, trials}:
            expected = proportion_confint(successes, trials, 1 - level, method="wilson")
            found = wilson(successes, trials, level)
            assert found.estimate == successes / trials
            assert (found.lower, found.upper) == pytest.approx(expected, abs=1e-12)


@given(samples(), LEVELS)
def test_bounds_solve_the_equation_that_defines_them(sample: tuple[int, int], level: float) -> None:
    successes, trials = sample
    z = normal_quantile((1 + level) / 2)
    found = wilson(successes, trials, level)
    for bound in (found.lower, found.upper):
        off = (found.estimate - bound) ** 2 - z * z * bound * (1 - bound) / trials
        assert off == pytest.approx(0.0, abs=1e-12)


@given(samples(), LEVELS)
def test_ordered_within_0_and_1_and_never_of_no_width(
    sample: tuple[int, int], level: float
) -> None:
    found = wilson(*sample, level)
    assert 0.0 <= found.lower <= found.estimate <= found.upper <= 1.0
    assert found.lower < found.upper


@given(samples(), LEVELS)
def test_exchanging_successes_and_failures_mirrors_it(
    sample: tuple[int, int], level: float
) -> None:
    successes, trials = sample
    one, other = wilson(successes, trials, level), wilson(trials - successes, trials, level)
    assert one.lower == pytest.approx(1 - other.upper, abs=1e-12)
    assert one.upper == pytest.approx(1 - other.lower, abs=1e-12)


@given(samples(), LEVELS)
def test_one_more_success_moves_both_bounds_up(sample: tuple[int, int], level: float) -> None:
    successes, trials = sample
    fewer, more = wilson(successes, trials + 1, level), wilson(successes + 1, trials + 1, level)
    assert more.lower > fewer.lower
    assert more.upper > fewer.upper


@given(samples(), LEVELS, LEVELS)
def test_a_higher_level_is_wider(sample: tuple[int, int], one: float, other: float) -> None:
    low, high = sorted((one, other))
    narrow, wide = wilson(*sample, low), wilson(*sample, high)
    assert wide.lower <= narrow.lower
    assert narrow.upper <= wide.upper


def exact_mean_coverage(trials: int, level: float) -> float:
    """Coverage averaged over p uniform on (0, 1), without simulation: every number of
    successes is then equally likely, and p given k successes is Beta(k + 1, n - k + 1)."""
    covered = []
    for successes in range(trials + 1):
        bounds = wilson(successes, trials, level)
        posterior = beta(successes + 1, trials - successes + 1)
        covered.append(posterior.cdf(bounds.upper) - posterior.cdf(bounds.lower))
    return float(np.mean(covered))


@pytest.mark.parametrize("trials", [30, 31, 47, 100, 333, 1_000])
def test_mean_coverage_is_the_level(trials: int) -> None:
    assert 0.94 <= exact_mean_coverage(trials, 0.95) <= 0.96


def test_simulated_coverage_is_the_level() -> None:
    rng = np.random.default_rng(11)
    truths = rng.uniform(size=4_000)
    sizes = rng.integers(30, 1_001, size=4_000)
    draws = rng.binomial(sizes, truths)
    hits = 0
    for truth, trials, successes in zip(truths, sizes, draws, strict=True):
        bounds = wilson(int(successes), int(trials), 0.95)
        hits += bounds.lower <= truth <= bounds.upper
    assert 0.94 <= hits / 4_000 <= 0.96


def test_no_number_of_trials_tells_a_share_from_itself() -> None:
    assert trials_to_settle(0.3, 0.3) is None


@pytest.mark.parametrize(("bound", "share"), [(1.2, 0.5), (0.5, -0.1), (math.nan, 0.5)])
def test_impossible_shares_are_refused(bound: float, share: float) -> None:
    with pytest.raises(BadSample):
        trials_to_settle(bound, share)


def test_that_many_trials_settle_it_four_times_in_five() -> None:
    trials = trials_to_settle(0.3, 0.34)
    assert trials is not None
    draws = np.random.default_rng(2).binomial(trials, 0.34, size=4_000)
    settled = [wilson(int(k), trials, 0.95).lower > 0.3 for k in draws]
    assert np.mean(settled) == pytest.approx(0.8, abs=0.03)
