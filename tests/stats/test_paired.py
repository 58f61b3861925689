from __future__ import annotations

import itertools
import math
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, multinomial
from statsmodels.stats.contingency_tables import mcnemar

from stats.intervals import Estimate, normal_quantile, wilson
from stats.paired import (
    PairedCounts,
    mcnemar_exact,
    smallest_detectable_difference,
    tango,
    trials_to_exclude,
)
from stats.samples import BadSample

LEVELS = st.floats(0.6, 0.995)
CAVO = PairedCounts(59, 6, 16, 80)  # Cavo et al. 2012, as in the R package contingencytables
BENTUR = PairedCounts(1, 1, 7, 12)  # Bentur et al. 2009, likewise


@st.composite
def tables(draw: st.DrawFn, largest: int = 400) -> PairedCounts:
    cells = draw(st.tuples(*[st.integers(0, largest)] * 4).filter(any))
    return PairedCounts(*cells)


def swapped(counts: PairedCounts) -> PairedCounts:
    return PairedCounts(counts.both, counts.only_second, counts.only_first, counts.neither)


# ------------------------------------------------------------------- the table


@pytest.mark.parametrize("cells", [(0, 0, 0, 0), (1, -1, 0, 0), (1, 0, 0, True), (1.5, 0, 0, 0)])
def test_impossible_tables_are_refused(cells: tuple[int, int, int, int]) -> None:
    with pytest.raises(BadSample):
        PairedCounts(*cells)


def test_what_a_table_says() -> None:
    counts = PairedCounts(5, 3, 1, 1)
    assert counts.trials == 10
    assert counts.discordance == 0.4
    assert counts.difference == 0.2


# ------------------------------------------------------------- the exact test


def by_flipping_every_coin(only_first: int, only_second: int) -> Fraction:
    """The definition: among all equally likely outcomes of the discordant pairs, the share
    of those at least as lopsided as the one seen."""
    seen = abs(only_first - only_second)
    outcomes = list(itertools.product((0, 1), repeat=only_first + only_second))
    extreme = sum(abs(2 * sum(o) - len(o)) >= seen for o in outcomes)
    return Fraction(extreme, len(outcomes))


def test_no_disagreement_is_no_evidence() -> None:
    assert mcnemar_exact(0, 0) == 1.0


@pytest.mark.parametrize(("b", "c"), [(-1, 2), (2, -1), (True, 0), (0.5, 1)])
def test_impossible_counts_are_refused(b: int, c: int) -> None:
    with pytest.raises(BadSample):
        mcnemar_exact(b, c)


def test_equal_to_enumeration() -> None:
    for discordant in range(13):
        for first in range(discordant + 1):
            expected = float(by_flipping_every_coin(first, discordant - first))
            assert mcnemar_exact(first, discordant - first) == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 300), st.integers(0, 300))
def test_equal_to_exact_fractions(b: int, c: int) -> None:
    n = b + c
    tail = sum(math.comb(n, k) for k in range(min(b, c) + 1))
    expected = min(Fraction(1), Fraction(2 * tail, 2**n))
    assert mcnemar_exact(b, c) == pytest.approx(float(expected), abs=1e-12)


def test_equal_to_statsmodels_and_to_a_published_value() -> None:
    assert mcnemar_exact(6, 16) == pytest.approx(0.052479, abs=5e-7)
    found = mcnemar(np.array([[59, 6], [16, 80]]), exact=True).pvalue
    assert mcnemar_exact(6, 16) == pytest.approx(found, abs=1e-12)


@given(st.integers(0, 500), st.integers(0, 500))
def test_symmetric_and_a_probability(b: int, c: int) -> None:
    assert mcnemar_exact(b, c) == mcnemar_exact(c, b)
    assert 0.0 <= mcnemar_exact(b, c) <= 1.0


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_more_lopsided_split_has_a_smaller_p_value(b: int, c: int) -> None:
    assume(b >= c > 0)
    assert mcnemar_exact(b + 1, c - 1) <= mcnemar_exact(b, c)


def test_type_i_error_is_at_most_5_percent_for_every_number_of_discordant_pairs() -> None:
    for discordant in range(201):
        firsts = np.arange(discordant + 1)
        wrong = [mcnemar_exact(int(b), discordant - int(b)) <= 0.05 for b in firsts]
        assert binom.pmf(firsts, discordant, 0.5)[wrong].sum() <= 0.05


# ----------------------------------------------------------------- intervals


def slow_tango_upper(counts: PairedCounts, level: float) -> float:
    """Tango's definition in 60 digits: halve [difference, 1] until the score is -z."""
    getcontext().prec = 60
    b, c, n = (Decimal(v) for v in (counts.only_first, counts.only_second, counts.trials))
    z = Decimal(normal_quantile((1 + level) / 2))

    def score_is_within(d: Decimal) -> bool:
        quadratic, linear, constant = 2 * n, -b - c + (2 * n - b + c) * d, -c * d * (1 - d)
        root = (linear * linear - 4 * quadratic * constant).sqrt()
        q = (root - linear) / (2 * quadratic)
        variance = n * (2 * q + d * (1 - d))
        return (b - c - n * d) + z * max(Decimal(0), variance).sqrt() > 0

    left, right = (b - c) / n, Decimal(1)
    for _ in range(120):
        middle = (left + right) / 2
        left, right = (middle, right) if score_is_within(middle) else (left, middle)
    return float(left)


@pytest.mark.parametrize(
    "cells",
    [
        *[(59, 6, 16, 80), (1, 1, 7, 12), (5, 0, 0, 5), (1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0)],
        *[(0, 9, 1, 0), (0, 0, 10, 0), (700, 60, 20, 220), (3, 0, 2, 0), (0, 1, 1, 0)],
    ],
)
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_tango_equal_to_the_slow_definition(cells: tuple[int, int, int, int], level: float) -> None:
    counts = PairedCounts(*cells)
    found = tango(counts, level)
    assert found.upper == pytest.approx(slow_tango_upper(counts, level), abs=1e-12)
    assert found.lower == pytest.approx(-slow_tango_upper(swapped(counts), level), abs=1e-12)


def test_at_the_bound_the_most_likely_table_is_z_deviations_away() -> None:
    """Maximises the likelihood by search, where the definition above has a formula."""
    counts, level = PairedCounts(40, 14, 7, 39), 0.95
    bound = tango(counts, level).upper
    qs = np.linspace(1e-9, (1 - bound) / 2 - 1e-9, 2_000_001)
    likelihood = (
        counts.only_first * np.log(qs + bound)
        + counts.only_second * np.log(qs)
        + (counts.both + counts.neither) * np.log(1 - 2 * qs - bound)
    )
    q = float(qs[likelihood.argmax()])
    variance = (2 * q + bound - bound**2) / counts.trials
    assert (counts.difference - bound) / math.sqrt(variance) == pytest.approx(
        -normal_quantile(0.975), abs=1e-4
    )


def newcombe(counts: PairedCounts, level: float) -> Estimate:
    """A second opinion on Tango's: R. G. Newcombe, Statistics in Medicine 17 (1998) 2635-2650,
    method 10.

    Formula: Wilson's intervals of the two proportions, squared and added with the
    correlation phi of the table, its numerator lessened by n/2 (not below 0) when positive.
    """
    n = counts.trials
    first, second = counts.both + counts.only_first, counts.both + counts.only_second
    one, two = wilson(first, n, level), wilson(second, n, level)
    product = first * (n - first) * second * (n - second)
    cross: float = counts.both * counts.neither - counts.only_first * counts.only_second
    if cross > 0:
        cross = max(0.0, cross - n / 2)
    phi = cross / math.sqrt(product) if product else 0.0

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    down = reach(one.estimate - one.lower, two.upper - two.estimate)
    up = reach(one.upper - one.estimate, two.estimate - two.lower)
    difference = counts.difference
    return Estimate(difference, max(-1.0, difference - down), min(1.0, difference + up))


def test_published_values() -> None:
    assert tango(CAVO, 0.95)[1:] == pytest.approx((-0.1240, -0.0054), abs=5e-5)
    assert tango(BENTUR, 0.95)[1:] == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert newcombe(CAVO, 0.95)[1:] == pytest.approx((-0.1186, -0.0046), abs=5e-5)


@pytest.mark.parametrize("interval", [tango, newcombe])
@given(counts=tables(), level=LEVELS)
def test_the_estimate_lies_inside_and_all_within_range(
    interval: object, counts: PairedCounts, level: float
) -> None:
    assert callable(interval)
    found: Estimate = interval(counts, level)
    assert found.estimate == counts.difference
    assert -1.0 <= found.lower <= found.estimate <= found.upper <= 1.0
    assert found.lower < found.upper


@pytest.mark.parametrize("interval", [tango, newcombe])
@given(counts=tables(), level=LEVELS)
def test_exchanging_the_two_mirrors_it(
    interval: object, counts: PairedCounts, level: float
) -> None:
    assert callable(interval)
    one, other = interval(counts, level), interval(swapped(counts), level)
    assert one.lower == pytest.approx(-other.upper, abs=1e-12)
    assert one.upper == pytest.approx(-other.lower, abs=1e-12)


@given(tables(), LEVELS)
def test_turning_a_pair_for_the_first_moves_both_bounds_up(
    counts: PairedCounts, level: float
) -> None:
    assume(counts.only_second > 0)
    better = PairedCounts(
        counts.both, counts.only_first + 1, counts.only_second - 1, counts.neither
    )
    before, after = tango(counts, level), tango(better, level)
    assert after.lower >= before.lower
    assert after.upper >= before.upper


@given(tables(), LEVELS)
def test_zero_is_outside_exactly_when_the_score_test_rejects(
    counts: PairedCounts, level: float
) -> None:
    b, c = counts.only_first, counts.only_second
    z = normal_quantile((1 + level) / 2)
    score = abs(b - c) / math.sqrt(b + c) if b + c else 0.0
    assume(abs(score - z) > 1e-6)
    found = tango(counts, level)
    assert (found.lower > 0 or found.upper < 0) == (score > z)


def test_the_two_intervals_agree_on_a_large_sample() -> None:
    counts = PairedCounts(5_000, 1_100, 900, 3_000)
    assert tango(counts, 0.95)[1:] == pytest.approx(newcombe(counts, 0.95)[1:], abs=2e-4)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_an_impossible_level_is_refused(level: float) -> None:
    for interval in (tango, newcombe):
        with pytest.raises(BadSample, match="level"):
            interval(CAVO, level)


def exact_coverage(n: int, first: float, second: float) -> float:
    """Coverage over every table of ``n`` pairs, weighted by its probability."""
    covered = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            weight = multinomial.pmf([b, c, n - b - c], n, [first, second, 1 - first - second])
            if weight < 1e-7:
                continue
            found = tango(PairedCounts(n - b - c, b, c, 0), 0.95)
            covered += weight * (found.lower <= first - second <= found.upper)
    return covered


@pytest.mark.parametrize(
    ("first", "second"), [(0.1, 0.1), (0.2, 0.1), (0.05, 0.15), (0.3, 0.05), (0.02, 0.02)]
)
def test_tango_covers_the_truth_with_40_pairs(first: float, second: float) -> None:
    assert exact_coverage(40, first, second) >= 0.93


def test_tango_covers_the_truth_as_often_as_it_says_with_1200_pairs() -> None:
    rng = np.random.default_rng(5)
    draws = rng.multinomial(1_200, [0.55, 0.14, 0.11, 0.2], size=3_000)
    hits = 0
    for cells in draws:
        found = tango(PairedCounts(*(int(cell) for cell in cells)), 0.95)
        hits += found.lower <= 0.03 <= found.upper
    assert 0.94 <= hits / 3_000 <= 0.96


# ---------------------------------------------------------------- sample size


@pytest.mark.parametrize("discordance", [-0.1, 1.1, math.nan])
def test_an_impossible_discordance_is_refused(discordance: float) -> None:
    with pytest.raises(BadSample):
        smallest_detectable_difference(100, discordance)
    with pytest.raises(BadSample):
        trials_to_exclude(0.0, 0.0, discordance)


def test_nothing_is_detectable_without_disagreement_or_with_too_few() -> None:
    assert smallest_detectable_difference(1_000, 0.0) is None
    assert smallest_detectable_difference(3, 0.5) is None
    assert smallest_detectable_difference(20, 0.05) is None


@pytest.mark.parametrize("trials", [0, -5])
def test_no_trials_detect_nothing(trials: int) -> None:
    with pytest.raises(BadSample):
        smallest_detectable_difference(trials, 0.2)


def power_by_every_table(trials: int, discordance: float, difference: float, alpha: float) -> float:
    """The definition: the chance of all tables in which the exact test finds a difference."""
    only = (discordance + difference) / 2, (discordance - difference) / 2
    return sum(
        float(multinomial.pmf([b, c, trials - b - c], trials, [*only, 1 - discordance]))
        for b in range(trials + 1)
        for c in range(trials + 1 - b)
        if mcnemar_exact(b, c) <= alpha
    )


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1])
@pytest.mark.parametrize(("trials", "discordance"), [(20, 0.8), (40, 0.5), (60, 0.35), (60, 1.0)])
def test_the_exact_test_finds_it_with_its_power(
    trials: int, discordance: float, alpha: float
) -> None:
    found = smallest_detectable_difference(trials, discordance, alpha=alpha)
    assert found is not None
    power = power_by_every_table(trials, discordance, found, alpha)
    assert power == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize(("trials", "discordance"), [(132, 0.2), (557, 0.1), (1_200, 0.3)])
def test_it_is_found_four_times_in_five(trials: int, discordance: float) -> None:
    found = smallest_detectable_difference(trials, discordance)
    assert found is not None
    draws = np.random.default_rng(3).multinomial(
        trials, [(discordance + found) / 2, (discordance - found) / 2, 1 - discordance], size=6_000
    )
    power = np.mean([mcnemar_exact(int(b), int(c)) <= 0.05 for b, c, _ in draws])
    assert power == pytest.approx(0.8, abs=0.02)


def test_a_power_that_chance_has_needs_no_difference() -> None:
    assert smallest_detectable_difference(100, 0.5, power=0.03) == 0.0
    some = smallest_detectable_difference(100, 0.5, power=0.06)
    assert some is not None
    assert 0.0 < some < 0.1


@given(st.integers(50, 100_000), st.floats(0.05, 1.0))
def test_it_is_a_little_more_than_the_normal_approximation(trials: int, discordance: float) -> None:
    """Connor's equation, solved for d: the exact test is a little conservative."""
    found = smallest_detectable_difference(trials, discordance)
    assume(found is not None)
    assert found is not None
    assert 0.0 < found <= discordance
    za, zb = normal_quantile(0.975), normal_quantile(0.8)
    under = trials + zb**2 - za**2
    connor = math.sqrt(discordance) * (za * math.sqrt(trials) + zb * math.sqrt(under))
    connor /= trials + zb**2
    assert connor - 0.5 / trials < found < connor + 2.5 / trials


@given(st.integers(100, 50_000), st.floats(0.1, 0.9))
def test_more_pairs_detect_less(trials: int, discordance: float) -> None:
    few = smallest_detectable_difference(trials, discordance)
    many = smallest_detectable_difference(2 * trials, discordance)
    assume(few is not None)
    assert few is not None
    assert many is not None
    assert many < few


def test_trials_to_exclude_the_difference_itself_is_no_number() -> None:
    assert trials_to_exclude(-0.02, -0.02, 0.3) is None


@pytest.mark.parametrize(("bound", "difference"), [(1.5, 0.0), (0.0, 1.5), (0.0, 0.4)])
def test_impossible_differences_are_refused(bound: float, difference: float) -> None:
    with pytest.raises(BadSample):
        trials_to_exclude(bound, difference, 0.3)


def test_that_many_trials_exclude_the_bound_four_times_in_five() -> None:
    trials = trials_to_exclude(-0.05, 0.0, 0.3)
    assert trials is not None
    rng = np.random.default_rng(4)
    draws = rng.multinomial(trials, [0.15, 0.15, 0.7], size=2_000)
    lowers = [tango(PairedCounts(int(rest), int(b), int(c), 0), 0.95).lower for b, c, rest in draws]
    assert np.mean(np.array(lowers) > -0.05) == pytest.approx(0.8, abs=0.03)
