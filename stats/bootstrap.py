"""Intervals by resampling, seeded: the same data and seed give the same interval.

Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), sections 13.3
(percentile interval) and 6.4 (how many replicates).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stats.intervals import Estimate
from stats.paired import PairedCounts
from stats.samples import BadSample, check_count, check_open_share

REPLICATES: Final = 10_000
# Resamples that stand in memory at a time.
_AT_ONCE: Final = 500


def paired_bootstrap(
    counts: PairedCounts, level: float, *, seed: int, replicates: int = REPLICATES
) -> Estimate:
    """The difference of two proportions on the same questions, with the percentile interval.

    Pairs are drawn with replacement; as a pair is one of four kinds, that is one draw of the
    multinomial distribution a replicate, whatever the number of pairs.
    """
    name = "the paired bootstrap"
    _check(name, level, seed, replicates)
    cells = np.array([counts.only_first, counts.only_second, counts.both + counts.neither])
    drawn = np.random.default_rng(seed).multinomial(
        counts.trials, cells / counts.trials, size=replicates
    )
    differences = (drawn[:, 0] - drawn[:, 1]) / counts.trials
    return _percentiles(counts.difference, differences, level)


def binned_error_bootstrap(
    gaps: NDArray[np.float64],
    bins: NDArray[np.int64],
    level: float,
    *,
    seed: int,
    replicates: int = 2_000,
) -> Estimate:
    """Sum over bins of |sum of ``gaps`` in the bin|, over their number, with the percentile
    interval: the expected calibration error, where a gap is outcome minus confidence.

    ``gaps`` and ``bins``: (N,). The error of a perfectly calibrated model is above 0 in every
    finite sample, so the interval is of what such a sample shows, not of the true error.
    Raises ``BadSample`` for none and for numbers that are not finite.
    """
    name = "the bootstrap of the calibration error"
    _check(name, level, seed, replicates)
    if len(gaps) == 0:
        raise BadSample(name, "the sample is empty")
    if len(gaps) != len(bins) or not np.isfinite(gaps).all():
        raise BadSample(name, "gaps and bins differ in number, or a gap is not finite")
    inside = np.zeros((len(gaps), int(bins.max()) + 1))
    inside[np.arange(len(gaps)), bins] = gaps
    draws = np.random.default_rng(seed)
    equal = np.full(len(gaps), 1.0 / len(gaps))
    found: list[NDArray[np.float64]] = []
    for start in range(0, replicates, _AT_ONCE):
        times = draws.multinomial(len(gaps), equal, size=min(_AT_ONCE, replicates - start))
        found.append(np.abs(times @ inside).sum(axis=1) / len(gaps))
    estimate = float(np.abs(inside.sum(axis=0)).sum()) / len(gaps)
    return _percentiles(estimate, np.concatenate(found), level)


def _percentiles(estimate: float, replicates: NDArray[np.float64], level: float) -> Estimate:
    ends = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
    lower, upper = (float(value) for value in np.quantile(replicates, ends))
    return Estimate(estimate, lower, upper)


def _check(name: str, level: float, seed: int, replicates: int) -> None:
    check_open_share(name, "the level", level)
    check_count(name, "the seed", seed)
    check_count(name, "the number of replicates", replicates)
    if replicates == 0:
        raise BadSample(name, "no replicate is asked for")
