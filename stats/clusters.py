"""A proportion whose trials are not independent: the same question asked in several orders,
questions of one family.

Counting such trials one by one would promise an interval that is too narrow: four orders of a
question are nowhere near four questions. Here each *cluster* counts by its total.

A big cluster draws the pooled proportion to itself, so that its own distance from it tells too
little; and few, unequal clusters tell less of a variance than so many equal ones.

Sources: variance of a ratio over clusters: W. G. Cochran, Sampling Techniques, 3rd ed.,
section 9A.1, and the same for evaluations of models: E. Miller, arXiv:2411.00640, section 2.2.
Without its bias (CR2), and with Satterthwaite's degrees of freedom: R. M. Bell and
D. F. McCaffrey, Survey Methodology 28 (2002) 169-181; J. E. Pustejovsky and E. Tipton,
arXiv:1601.01981. These for clusters that vary as wholes: G. W. Imbens and M. Kolesar, Review of
Economics and Statistics 98 (2016) 701-712. The effective number of trials with Student's
quantile: E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998) 193-201, there for Clopper
and Pearson's interval; Wilson's in its place: N. Dean and M. Pagano, Journal of Survey Statistics
and Methodology 3 (2015) 484-503.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from stats.intervals import Estimate
from stats.samples import BadSample, check_count, check_open_share

_NAME = "the clustered interval"
# So many are no work as a matrix, in which no differences of large numbers are taken.
_FEW_CLUSTERS = 200


def clustered(successes: Sequence[int], trials: Sequence[int], level: float) -> Estimate:
    """The pooled proportion, with an interval over clusters: ``successes[i]`` of
    ``trials[i]`` in cluster ``i``.

    Formula: p = sum s / sum m; its variance sum (s_i - p m_i)^2 / (1 - w_i) / (sum m)^2 over
    the G clusters, w_i = m_i / sum m; the effective number of trials is p (1 - p) / variance, at
    most sum m, and G where p is 0 or 1; Wilson's interval of that many trials, with Student's
    quantile of ``degrees_of_freedom``. Within [0, 1], never of width 0.
    Raises ``BadSample`` for fewer than two clusters or one without trials.
    """
    _check(successes, trials)
    check_open_share(_NAME, "the level", level)
    hits, sizes = np.array(successes, dtype=float), np.array(trials, dtype=float)
    total = float(sizes.sum())
    estimate = float(hits.sum()) / total
    residuals = hits - estimate * sizes
    variance = float((residuals**2 / (1 - sizes / total)).sum()) / total**2
    spread = estimate * (1 - estimate)
    if spread == 0.0:
        effective = float(len(sizes))
    else:
        effective = min(total, spread / variance) if variance > 0.0 else total
    quantile = float(student.ppf((1.0 + level) / 2.0, degrees_of_freedom(trials)))
    return _wilson(estimate, effective, quantile)


def degrees_of_freedom(trials: Sequence[int]) -> float:
    """Of the variance that ``clustered`` estimates from clusters of so many ``trials``.

    Formula: Satterthwaite's, 2 mean^2 / variance of the estimate where the clusters vary as
    wholes: with Q the matrix of its quadratic form and V = diag(m_i^2), tr(QV)^2 / tr(QVQV).
    G - 1 for G equal clusters, fewer for unequal ones, and more than 0.
    Raises ``BadSample`` for fewer than two clusters or one without trials.
    """
    _check([0] * len(trials), trials)
    shares = np.array(trials, dtype=float) / float(sum(trials))
    found = _by_matrix(shares) if len(trials) <= _FEW_CLUSTERS else _by_sums(shares)
    return min(found, len(trials) - 1.0)


def _by_matrix(shares: NDArray[np.float64]) -> float:
    """By the residuals e - w sum e, each divided by the root of 1 - w: sums of squares, so that
    nothing cancels where one cluster is nearly all."""
    residuals = np.eye(len(shares)) - shares[:, None]
    # 1 - w by what the others have.
    rest = np.array([shares[np.arange(len(shares)) != place].sum() for place in range(len(shares))])
    np.fill_diagonal(residuals, rest)
    weighed = residuals / np.sqrt(rest)[:, None] * shares[None, :]
    products = weighed @ weighed.T
    return float(np.trace(products) ** 2 / (products**2).sum())


def _by_sums(shares: NDArray[np.float64]) -> float:
    """The same, linear in the clusters."""
    # The estimate is the sum of d_i (e_i - w_i sum e)^2, so that Q has d_i on its diagonal and
    # q - a_i - a_j everywhere, with a = d w and q = sum of d w^2.
    scales = 1.0 / (1.0 - shares)
    pulls = scales * shares
    whole = float(pulls @ shares)
    variances = shares**2
    trace = float(variances @ (scales - 2 * pulls + whole))
    zeroth, first, second = (float(variances @ pulls**power) for power in (0, 1, 2))
    everywhere = whole**2 * zeroth**2 - 4 * whole * first * zeroth
    everywhere += 2 * second * zeroth + 2 * first**2
    diagonal = float(variances**2 @ (scales * (scales + 2 * (whole - 2 * pulls))))
    return trace**2 / (everywhere + diagonal)


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
