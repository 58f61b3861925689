"""One number that makes a version's confidence mean what it says.

Source: temperature scaling, C. Guo et al., arXiv:1706.04599, section 4.2: probabilities become
softmax(log p / T), with the T that makes the golds of a *validation* split likeliest. The order
of the choices stays, so accuracy does too. Knows no records and no files.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contracts.errors import EmptySample

# Beyond these a version is as good as certain, or as good as guessing.
COLDEST: Final = 0.01
HOTTEST: Final = 100.0
# Halvings of the range of log T: 2^-60 of it is below what a double tells apart.
_HALVINGS: Final = 60
# A slope in nats below this is rounding: there is nothing to gain.
_FLAT: Final = 1e-12
_NAME: Final = "the temperature"
DRAWS: Final = 1_000
# Steps of 2.3 % from the coldest to the hottest.
_GRID: Final = 401

_Rows = Sequence[Sequence[float]]


def fit_temperature(probabilities: _Rows, golds: Sequence[int]) -> float:
    """The T within ``COLDEST`` and ``HOTTEST`` that minimises ``mean_nats`` of
    ``softmax(log p / T)``; ``probabilities[i]`` of question ``i``, whose right choice is
    ``golds[i]``. Questions may differ in their number of choices.

    Mean nats are convex in 1/T, so that their slope changes sign once: it is bisected, the same
    on every machine. An end of the range where the minimum lies at or beyond it; 1 where every
    T does as well. Raises ``EmptySample`` for no questions or numbers that are no probabilities.
    """
    logs, inside, right = _table(probabilities, golds)
    if abs(_slope(logs, inside, right, 1.0)) < _FLAT:
        return 1.0
    low, high = math.log(COLDEST), math.log(HOTTEST)
    if _slope(logs, inside, right, 1.0 / COLDEST) <= 0.0:
        return COLDEST
    if _slope(logs, inside, right, 1.0 / HOTTEST) >= 0.0:
        return HOTTEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        # A rising slope in 1/T: too cold, so T must grow.
        if _slope(logs, inside, right, math.exp(-middle)) > 0.0:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2.0)


def temperature_interval(
    probabilities: _Rows, golds: Sequence[int], level: float, *, seed: int, draws: int = DRAWS
) -> tuple[float, float]:
    """The ends of the percentile bootstrap interval at ``level`` of ``fit_temperature``: what it
    would have been on ``draws`` samples of as many questions, drawn from these by ``seed``.

    Each is found on a grid of log T (``_GRID`` steps, between them on a straight line), within
    ``COLDEST`` and ``HOTTEST``. Raises as ``fit_temperature``.
    Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    logs, inside, right = _table(probabilities, golds)
    grid = np.linspace(math.log(HOTTEST), math.log(COLDEST), _GRID)
    slopes = np.stack([_slopes(logs, inside, right, math.exp(-one)) for one in grid])
    many = len(right)
    counts = np.random.default_rng(seed).multinomial(many, np.full(many, 1.0 / many), size=draws)
    # (draws, grid), rising from the hottest to the coldest; its zero is the temperature.
    rising = np.maximum.accumulate(counts @ slopes.T / many, axis=1)
    found = np.array([np.interp(0.0, one, grid) for one in rising])
    tail = (1.0 - level) / 2.0
    lower, upper = np.exp(np.quantile(found, [tail, 1.0 - tail]))
    return float(lower), float(upper)


def with_temperature(probabilities: Sequence[float], temperature: float) -> tuple[float, ...]:
    """``softmax(log p / temperature)`` of one question. An unscored question stays without
    probabilities. Raises ``EmptySample`` for a temperature that is not positive and finite."""
    if not (math.isfinite(temperature) and temperature > 0.0):
        raise EmptySample(_NAME, f"{temperature} is not a positive number")
    if not probabilities:
        return ()
    if temperature == 1.0:
        return tuple(probabilities)
    scaled = [math.log(max(one, sys.float_info.min)) / temperature for one in probabilities]
    top = max(scaled)
    weights = [math.exp(one - top) for one in scaled]
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


def calibrated(probabilities: Sequence[float], temperature: float) -> tuple[float, ...]:
    """``with_temperature``, and the most probable choice (the first on a tie) is what it was,
    also where a hot temperature leaves so little of its lead that rounding makes a tie of it.
    Raises as ``with_temperature``."""
    scaled = with_temperature(probabilities, temperature)
    if not scaled:
        return scaled
    best = probabilities.index(max(probabilities))
    top = max(scaled)
    if scaled.index(top) == best:
        return scaled
    return (*scaled[:best], math.nextafter(top, 1.0), *scaled[best + 1 :])


def mean_nats(probabilities: _Rows, golds: Sequence[int]) -> float:
    """Mean of -log p(gold), in nats; lower is better, 0 when always certain and right. A
    probability of 0 counts as the smallest normal double. Raises as ``fit_temperature``."""
    logs, _, right = _table(probabilities, golds)
    return max(0.0, float(-logs[np.arange(len(right)), right].mean()))


def _slope(
    logs: NDArray[np.float64], inside: NDArray[np.bool_], right: NDArray[np.int64], inverse: float
) -> float:
    """Of mean nats by 1/T."""
    return float(_slopes(logs, inside, right, inverse).mean())


def _slopes(
    logs: NDArray[np.float64], inside: NDArray[np.bool_], right: NDArray[np.int64], inverse: float
) -> NDArray[np.float64]:
    """Of each question's nats by 1/T (N,): what the scaled model expects of log p, less log p of
    the gold."""
    scaled = np.where(inside, logs * inverse, -np.inf)
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    expected: NDArray[np.float64] = (weights * logs).sum(axis=1)
    return expected - logs[np.arange(len(right)), right]


def _table(
    probabilities: _Rows, golds: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Logs (N, most choices), 0 where a question has no such choice, which of them it has, and
    the golds (N,)."""
    if not probabilities:
        raise EmptySample(_NAME, "no question was scored")
    if len(probabilities) != len(golds):
        raise EmptySample(_NAME, f"{len(golds)} answers for {len(probabilities)} questions")
    shape = (len(probabilities), max(len(row) for row in probabilities))
    values, inside = np.ones(shape), np.zeros(shape, dtype=bool)
    for place, (row, gold) in enumerate(zip(probabilities, golds, strict=True)):
        if not all(math.isfinite(one) and 0.0 <= one <= 1.0 for one in row):
            raise EmptySample(_NAME, f"question {place} has a number that is no probability")
        if not 0 <= gold < len(row):
            raise EmptySample(_NAME, f"question {place} has no choice {gold}")
        values[place, : len(row)] = row
        inside[place, : len(row)] = True
    return np.log(np.maximum(values, sys.float_info.min)), inside, np.array(golds, dtype=np.int64)
