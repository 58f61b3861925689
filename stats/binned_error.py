"""How far outcomes lie from what was expected of them, summed over bins, with an interval: the
expected calibration error, where what is expected of an answer is its confidence.

The error is a sum of absolute values, and those of noise are above 0, too: what a sample shows
lies above the truth, most so where the truth is 0 (R. Roelofs et al., arXiv:2012.08668; A. Kumar
et al., arXiv:1909.10155). The bootstrap adds the same noise once more: it is consistent only
for differentiable functions, which an absolute value is not at 0 (Z. Fang and A. Santos,
arXiv:1404.3763, theorem 3.1). Intervals for the squared error exist (Y. Sun et al.,
arXiv:2408.08998); here the two ends of the plain one follow from the triangle inequality.

Near 0 and 1 the number of right answers is nearly Poisson's, and no standard deviation tells how
far it can be from what was seen: a bin's reach is that of the exact interval of its accuracy
(C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404-413), up and down apart. Reaches of
independent bins add as the roots of their squares do (G. Y. Zou and A. Donner, Statistics in
Medicine 27 (2008) 1693-1702).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

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
    ratio. Formula: bin b has w = n / N of the N outcomes, the accuracy a with Clopper and Pearson's
    ends l and u at ``level``, and c expected of it with variance v; the estimate is the sum of
    w |a - c|. With z the normal quantile, another sample may have fallen short by
    r- = w sqrt((a - l)^2 + z^2 v / n), or gone beyond by r+, the same with u - a. Each term of the
    estimate exceeds the true one by at most its noise: the lower end is the estimate less the upper
    quantile of the sum of r |Z| / z, Z standard normal by ``draws`` from ``seed``, r- where it is
    positive and r+ elsewhere; no less than 0. The upper end adds to the estimate the root of the
    sum of w^2 ((largest |a' - c| for a' from l to u, less |a - c|)^2 + z^2 v / n) and of z^2 times
    the variance of |a - c| between bins over N, since another sample falls otherwise into bins.
    The estimate always lies inside; where all expect the same, the upper end is exact.
    Raises ``BadSample`` for none, and for what is no share or no bin.
    """
    _check(outcomes, expected, bins, level, seed, draws)
    _, places = np.unique(bins, return_inverse=True)
    asked = np.bincount(places).astype(float)
    right = np.bincount(places, weights=outcomes).astype(float)
    meant = np.bincount(places, weights=expected) / asked
    weights, accuracy = asked / len(outcomes), right / asked
    gaps = np.abs(accuracy - meant)
    estimate = min(1.0, float(weights @ gaps))
    tail, z = (1.0 + level) / 2.0, normal_quantile((1.0 + level) / 2.0)
    least, most = _exact_ends(right, asked, 1.0 - tail)
    # What is expected varies inside a bin, too: z^2 v / n.
    varied = z * z * np.bincount(places, weights=(expected - meant[places]) ** 2) / asked**2
    short, beyond = (
        weights * np.sqrt(side**2 + varied) for side in (accuracy - least, most - accuracy)
    )
    normal = np.random.default_rng(seed).standard_normal((draws, len(asked)))
    noise = np.maximum(normal * short, -normal * beyond)
    lower = estimate - float(np.quantile(noise.sum(axis=1), tail)) / z
    farther = np.maximum(np.abs(least - meant), np.abs(most - meant)) - gaps
    between = max(0.0, float(weights @ gaps**2) - estimate**2) / len(outcomes)
    reach = float(weights**2 @ (farther**2 + varied)) + z * z * between
    return Estimate(estimate, max(0.0, lower), min(1.0, estimate + reach**0.5))


def _exact_ends(
    right: NDArray[np.float64], asked: NDArray[np.float64], tail: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Clopper and Pearson's: the proportions that leave ``tail`` beyond what was seen."""
    wrong = asked - right
    lower = np.where(right > 0, beta.ppf(tail, np.maximum(right, 1.0), wrong + 1.0), 0.0)
    upper = np.where(wrong > 0, beta.ppf(1.0 - tail, right + 1.0, np.maximum(wrong, 1.0)), 1.0)
    return lower, upper


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
