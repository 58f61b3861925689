from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from contracts.errors import EmptySample
from mcq.calibration import (
    COLDEST,
    HOTTEST,
    calibrated,
    fit_temperature,
    mean_nats,
    temperature_interval,
    with_temperature,
)

Rows = list[tuple[float, ...]]


def drawn(count: int, hotter: float, seed: int = 3) -> tuple[Rows, list[int]]:
    """Golds drawn from a model's own probabilities, which are then made ``hotter`` (as T)."""
    draws = np.random.default_rng(seed)
    rows: Rows = []
    golds: list[int] = []
    for place in range(count):
        weights = np.exp(draws.normal(0.0, 1.5, size=3 + place % 3))
        honest = weights / weights.sum()
        golds.append(int(draws.choice(len(honest), p=honest)))
        rows.append(with_temperature(honest.tolist(), hotter))
    return rows, golds


@settings(max_examples=20, deadline=None)
@given(st.floats(0.3, 3.0), st.integers(0, 1_000))
def test_it_is_the_minimum_that_scipy_finds(hotter: float, seed: int) -> None:
    rows, golds = drawn(60, hotter, seed)

    def nats(log_t: float) -> float:
        return mean_nats([with_temperature(row, math.exp(log_t)) for row in rows], golds)

    theirs = minimize_scalar(nats, bounds=(math.log(COLDEST), math.log(HOTTEST)), method="bounded")
    ours = fit_temperature(rows, golds)
    assert nats(math.log(ours)) <= theirs.fun + 1e-9
    assert nats(math.log(ours)) <= mean_nats(rows, golds) + 1e-12


@pytest.mark.parametrize("sharper", [0.25, 1.0, 4.0])
def test_what_was_made_too_sure_or_too_shy_is_undone(sharper: float) -> None:
    rows, golds = drawn(20_000, sharper)
    assert fit_temperature(rows, golds) == pytest.approx(1.0 / sharper, rel=0.05)


@given(
    st.lists(st.floats(1e-9, 1.0), min_size=2, max_size=6).map(
        lambda row: [one / sum(row) for one in row]
    ),
    st.floats(0.05, 20.0),
)
def test_the_likeliest_stays_and_all_sum_to_1(row: list[float], temperature: float) -> None:
    found = with_temperature(row, temperature)
    assert math.fsum(found) == pytest.approx(1.0)
    assert found[row.index(max(row))] == max(found)


def test_the_ends_of_the_range_and_where_nothing_can_be_gained() -> None:
    assert fit_temperature([(0.6, 0.4), (0.7, 0.3)], [0, 0]) == COLDEST
    assert fit_temperature([(0.6, 0.4), (0.7, 0.3)], [1, 1]) == HOTTEST
    assert fit_temperature([(0.5, 0.5), (0.25,) * 4], [0, 3]) == 1.0
    assert with_temperature((), 2.0) == ()
    assert mean_nats([(1.0, 0.0)], [0]) == 0.0
    assert 700 < mean_nats([(1.0, 0.0)], [1]) < 710


def test_as_written_in_the_paper() -> None:
    """Two choices, three times in four the first: T makes the odds 3 to 1."""
    found = fit_temperature([(0.9, 0.1)] * 4, [0, 0, 0, 1])
    assert found == pytest.approx(math.log(9.0) / math.log(3.0))
    assert with_temperature((0.9, 0.1), found) == pytest.approx((0.75, 0.25))


@pytest.mark.parametrize(
    ("rows", "golds", "words"),
    [
        ([], [], "no question"),
        ([(0.5, 0.5)], [], "0 answers"),
        ([(0.5, 0.5)], [2], "no choice 2"),
        ([(0.5, 0.5)], [-1], "no choice -1"),
        ([(math.nan, 0.5)], [0], "no probability"),
        ([(1.5, 0.5)], [0], "no probability"),
    ],
)
def test_what_is_no_sample_is_refused(rows: Rows, golds: list[int], words: str) -> None:
    with pytest.raises(EmptySample, match=words):
        fit_temperature(rows, golds)
    with pytest.raises(EmptySample, match=words):
        mean_nats(rows, golds)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_a_temperature_is_positive(temperature: float) -> None:
    with pytest.raises(EmptySample, match="positive"):
        with_temperature((0.5, 0.5), temperature)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=2, max_size=10)
    .filter(lambda row: sum(row) > 0)
    .map(lambda row: [one / sum(row) for one in row]),
    st.floats(COLDEST, HOTTEST),
)
def test_calibration_never_moves_the_letter(row: list[float], temperature: float) -> None:
    found = calibrated(row, temperature)
    assert found.index(max(found)) == row.index(max(row))
    assert math.fsum(found) == pytest.approx(1.0, abs=1e-9)
    assert found == pytest.approx(with_temperature(row, temperature), abs=1e-12)


def test_a_lead_that_rounding_would_lose_is_kept() -> None:
    row = (0.5 - 1e-16, 0.5)
    assert row[0] < row[1]
    assert len(set(with_temperature(row, HOTTEST))) == 1
    first, second = calibrated(row, HOTTEST)
    assert first < second
    assert calibrated((), 2.0) == ()


def test_the_interval_is_that_of_fits_to_resampled_questions() -> None:
    rows, golds = drawn(60, 0.5)
    draws = np.random.default_rng(1).multinomial(60, np.full(60, 1 / 60), size=200)
    fits = [
        fit_temperature(
            [row for row, times in zip(rows, counts, strict=True) for _ in range(times)],
            [gold for gold, times in zip(golds, counts, strict=True) for _ in range(times)],
        )
        for counts in draws
    ]
    found = temperature_interval(rows, golds, 0.9, seed=1, draws=200)
    assert found == pytest.approx(np.exp(np.quantile(np.log(fits), [0.05, 0.95])), rel=1e-3)
    assert found == temperature_interval(rows, golds, 0.9, seed=1, draws=200)
    assert found != temperature_interval(rows, golds, 0.9, seed=2, draws=200)


def test_the_interval_holds_the_temperature_about_as_often_as_it_says() -> None:
    """200 questions of 3 to 5 choices, made so sharp that 2 mends it: of 100 intervals at 95 %."""
    held = 0
    for seed in range(100):
        lower, upper = temperature_interval(*drawn(200, 0.5, seed), 0.95, seed=seed, draws=300)
        held += lower <= 2.0 <= upper
    assert held >= 88


def test_the_interval_stays_in_the_range_that_is_searched() -> None:
    """Always right: no temperature is cold enough; always wrong: none is hot enough."""
    sure = [(0.9, 0.1)] * 20
    assert temperature_interval(sure, [0] * 20, 0.95, seed=1) == pytest.approx((COLDEST, COLDEST))
    assert temperature_interval(sure, [1] * 20, 0.95, seed=1) == pytest.approx((HOTTEST, HOTTEST))
    with pytest.raises(EmptySample):
        temperature_interval([], [], 0.95, seed=1)
