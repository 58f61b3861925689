"""The paired bootstrap of a difference of two proportions.

Drawing n pairs with replacement from the pairs seen is one draw of the multinomial of the
table's four cells: the same distribution, without touching a question.

Source: B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
"""

from __future__ import annotations

import numpy as np

from stats.intervals import Estimate
from stats.paired import PairedCounts
from stats.samples import check_open_share, check_trials


def paired_bootstrap(
    counts: PairedCounts, level: float, *, replicates: int = 10_000, seed: int
) -> Estimate:
    """The difference with its percentile interval at ``level``, the same for a seed.

    Raises ``BadSample`` for no replicate or a level outside (0, 1)."""
    name = "the paired bootstrap"
    check_open_share(name, "the level", level)
    check_trials(name, replicates)
    cells = np.array([counts.only_first, counts.only_second, counts.both + counts.neither])
    drawn = np.random.default_rng(seed).multinomial(
        counts.trials, cells / counts.trials, size=replicates
    )
    differences = (drawn[:, 0] - drawn[:, 1]) / counts.trials
    tail = (1.0 - level) / 2.0
    lower, upper = np.quantile(differences, [tail, 1.0 - tail])
    return Estimate(counts.difference, float(lower), float(upper))
