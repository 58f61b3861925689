"""A proportion whose trials are not independent: the same question asked in several orders,
questions of one family.

Counting such trials one by one would promise an interval that is too narrow: four orders of a
question are nowhere near four questions. Here each *cluster* counts by its total.

Sources: variance of a ratio over clusters: W. G. Cochran, Sampling Techniques, 3rd ed.,
section 9A.1, and the same for evaluations of models: E. Miller, arXiv:2411.00640, section 2.2.
The effective number of trials with Student's quantile: E. L. Korn and B. I. Graubard, Survey
Methodology 24 (1998) 193-201, there for Clopper and Pearson's interval; Wilson's in its place:
N. Dean and M. Pagano, Journal of Survey Statistics and Methodology 3 (2015) 484-503.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from stats.intervals import Estimate
from stats.samples import BadSample, check_count, check_open_share

_NAME = "the clustered interval"


def clustered(successes: Sequence[int], trials: Sequence[int], level: float) -> Estimate:
    """The pooled proportion, with an interval over clusters: ``successes[i]`` of
    ``trials[i]`` in cluster ``i``.

    Formula: p = sum s / sum m; its variance G / (G - 1) sum (s_i - p m_i)^2 / (sum m)^2 over
    the G clusters; the effective number of trials is p (1 - p) / variance, at most sum m,
    and G where p is 0 or 1; Wilson's interval of that many trials, with Student's quantile of
    G - 1 degrees of freedom. Within [0, 1], never of width 0.
    Raises ``BadSample`` for fewer than two clusters or one without trials.
    """
    _check(successes, trials)
    check_open_share(_NAME, "the level", level)
    hits, sizes = np.array(successes, dtype=float), np.array(trials, dtype=float)
    clusters, total = len(sizes), float(sizes.sum())
    estimate = float(hits.sum()) / total
    residuals = hits - estimate * sizes
    variance = clusters / (clusters - 1) * float(residuals @ residuals) / total**2
    spread = estimate * (1 - estimate)
    if spread == 0.0:
        effective = float(clusters)
    else:
        effective = min(total, spread / variance) if variance > 0.0 else total
    quantile = float(student.ppf((1.0 + level) / 2.0, clusters - 1))
    return _wilson(estimate, effective, quantile)


def _wilson(estimate: float, trials: float, z: float) -> Estimate:
    """Wilson's interval for a number of trials that need not be whole."""
    centre = estimate + z * z / (2 * trials)
    reach = z * math.sqrt(estimate * (1 - estimate) / trials + z * z / (4 * trials**2))
    scale = 1 + z * z / trials
    lower = 0.0 if estimate == 0.0 else (centre - reach) / scale
    upper = 1.0 if estimate == 1.0 else (centre + reach) / scale
    return Estimate(estimate, max(0.0, lower), min(1.0, upper))


def _check(successes: Sequence[int], trials: Sequence[int]) -> None:
    if len(successes) != len(trials):
        raise BadSample(_NAME, f"{len(successes)} successes for {len(trials)} clusters")
    if len(trials) < 2:  # noqa: PLR2004  # one cluster says nothing of how clusters differ
        raise BadSample(_NAME, f"{len(trials)} clusters, where at least two are needed")
    for hits, size in zip(successes, trials, strict=True):
        check_count(_NAME, "the successes of a cluster", hits)
        check_count(_NAME, "the trials of a cluster", size)
        if size == 0:
            raise BadSample(_NAME, "a cluster is empty")
        if hits > size:
            raise BadSample(_NAME, f"{hits} successes in {size} trials")
