"""How far outcomes lie from what was expected of them, summed over bins, with an interval: the
expected calibration error, where what is expected of an answer is its confidence.

The error is a sum of absolute values, and those of noise are above 0, too: what a sample shows
lies above the truth, most so where the truth is 0 (R. Roelofs et al., arXiv:2012.08668; A. Kumar
et al., arXiv:1909.10155). The bootstrap adds the same noise once more: it is consistent only
for differentiable functions, which an absolute value is not at 0 (Z. Fang and A. Santos,
arXiv:1404.3763, theorem 3.1). Intervals for the squared error exist (Y. Sun et al.,
arXiv:2408.08998); here the two ends of the plain one follow from the triangle inequality.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stats.intervals import Estimate, normal_quantile
from stats.samples import BadSample, check_count, check_open_share

DRAWS: Final = 20_000
_NAME: Final = "the error by bins"


def binned_error(
    outcomes: NDArray[np.bool_],
    expected: NDArray[np.float64],
    bins: NDArray[np.int64],
    level: float,
    *,
    seed: int,
    draws: int = DRAWS,
) -> Estimate:
    """Sum over bins of |sum of ``outcomes`` less ``expected`` in the bin|, over their number
    N, with an interval that holds the same of the population at least as often as ``level``.

    ``outcomes``, ``expected`` (within 0 and 1) and ``bins`` (from 0): (N,). Lower is better; a
    ratio. Formula: a bin's gap g has standard deviation s = sqrt(n p (1 - p)) / N, where n is the
    bin's number and p = (right + 1) / (n + 2), Laplace's rule, so that a bin of one question is
    not taken for certain. The sum of |g + noise| is at most that of |g| and that of |noise|: the
    lower end is the estimate less the upper quantile of the sum of s |Z|, Z standard normal, by
    ``draws`` from ``seed``, and no less than 0. It is at least the sum of |g| and of noise with
    g's signs, which is normal: the upper end is the estimate and the quantile times the root of
    sum of s^2, with the variance of |g| between bins over N, since another sample falls otherwise
    into bins. The estimate always lies inside.
    Raises ``BadSample`` for none, and for what is no share or no bin.
    """
    _check(outcomes, expected, bins, level, seed, draws)
    many = len(outcomes)
    sizes = np.bincount(bins)
    held = sizes > 0
    sizes = sizes[held].astype(float)
    right = np.bincount(bins, weights=outcomes)[held]
    gaps = np.abs(np.bincount(bins, weights=outcomes - expected)[held]) / many
    share = (right + 1) / (sizes + 2)
    variances = sizes * share * (1 - share) / many**2
    estimate = min(1.0, float(gaps.sum()))
    noise = np.abs(np.random.default_rng(seed).standard_normal((draws, len(sizes))))
    reach = float(np.quantile(noise @ np.sqrt(variances), (1.0 + level) / 2.0))
    between = max(0.0, float((gaps**2 * many / sizes).sum()) - estimate**2) / many
    spread = float(variances.sum()) + between
    upper = estimate + normal_quantile((1.0 + level) / 2.0) * spread**0.5
    return Estimate(estimate, max(0.0, estimate - reach), min(1.0, upper))


def _check(
    outcomes: NDArray[np.bool_],
    expected: NDArray[np.float64],
    bins: NDArray[np.int64],
    level: float,
    seed: int,
    draws: int,
) -> None:
    check_open_share(_NAME, "the level", level)
    check_count(_NAME, "the seed", seed)
    check_count(_NAME, "the number of draws", draws)
    if draws == 0:
        raise BadSample(_NAME, "no draw is asked for")
    if len(outcomes) == 0:
        raise BadSample(_NAME, "the sample is empty")
    if not len(outcomes) == len(expected) == len(bins):
        raise BadSample(_NAME, "outcomes, expected shares and bins differ in number")
    if not ((expected >= 0.0) & (expected <= 1.0)).all():
        raise BadSample(_NAME, "what is expected is not within 0 and 1, or not finite")
    if bins.min() < 0:
        raise BadSample(_NAME, "a bin is less than 0")
