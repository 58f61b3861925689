"""Intervals by resampling, seeded: the same data and seed give the same interval.

Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), sections 13.3
(percentile interval) and 6.4 (how many replicates).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stats.intervals import Estimate
from stats.paired import PairedCounts
from stats.samples import BadSample, check_count, check_open_share

REPLICATES: Final = 10_000


def paired_bootstrap(
    counts: PairedCounts, level: float, *, seed: int, replicates: int = REPLICATES
) -> Estimate:
    """The difference of two proportions on the same questions, with the percentile interval.

    Pairs are drawn with replacement; as a pair is one of four kinds, that is one draw of the
    multinomial distribution a replicate, whatever the number of pairs.
    """
    name = "the paired bootstrap"
    check_open_share(name, "the level", level)
    check_count(name, "the seed", seed)
    check_count(name, "the number of replicates", replicates)
    if replicates == 0:
        raise BadSample(name, "no replicate is asked for")
    cells = np.array([counts.only_first, counts.only_second, counts.both + counts.neither])
    drawn = np.random.default_rng(seed).multinomial(
        counts.trials, cells / counts.trials, size=replicates
    )
    differences = (drawn[:, 0] - drawn[:, 1]) / counts.trials
    ends = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
    lower, upper = (float(value) for value in np.quantile(differences, ends))
    return Estimate(counts.difference, lower, upper)
