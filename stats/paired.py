"""Two answerers, the same questions: who is better, by how much, and could we know.

Only pairs carry the comparison: questions that both have right or both have wrong say
nothing about the difference, and their number only scales it. *First* minus *second*
everywhere.

Sources: exact test: Q. McNemar, Psychometrika 12 (1947) 153-157, in its conditional
binomial form. Interval: T. Tango, Statistics in Medicine 17 (1998) 891-908. Sample size:
the exact power of the exact test, S. W. Duffy, Biometrics 40 (1984) 1005-1015, where
R. J. Connor, Biometrics 43 (1987) 207-211, has the normal approximation; J.-P. Liu et al.,
Statistics in Medicine 21 (2002) 231-245 for a bound other than zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binom

from stats.intervals import Estimate, normal_quantile
from stats.samples import BadSample, check_count, check_open_share, check_trials

# How far from the estimate the search for a bound begins: far below any width it can have.
BESIDE: Final = 1e-12


@dataclass(frozen=True)
class PairedCounts:
    """The four cells of a paired table. Raises ``BadSample`` for a negative cell or none."""

    both: int
    only_first: int
    only_second: int
    neither: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            check_count("a paired table", name, value)
        check_trials("a paired table", self.trials)

    @property
    def trials(self) -> int:
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def discordance(self) -> float:
        """Share of the pairs on which the two disagree."""
        return (self.only_first + self.only_second) / self.trials

    @property
    def difference(self) -> float:
        return (self.only_first - self.only_second) / self.trials


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p-value of "neither is better", given the discordant pairs.

    Formula: twice the smaller tail of Binomial(``only_first + only_second``, 1/2), at most
    1. With no discordant pair there is no evidence: 1.
    """
    check_count("McNemar's test", "only_first", only_first)
    check_count("McNemar's test", "only_second", only_second)
    discordant = only_first + only_second
    if discordant == 0:
        return 1.0
    tail = float(binom.cdf(min(only_first, only_second), discordant, 0.5))
    return min(1.0, 2.0 * tail)


def tango(counts: PairedCounts, level: float) -> Estimate:
    """The difference of the two proportions with Tango's score interval.

    Formula: the differences d with ``|b - c - n d| <= z sqrt(n (2 q + d (1 - d)))``, where
    b and c are the discordant counts, n the pairs and q the maximum-likelihood estimate of
    the probability of "only second" when the difference is d. Within [-1, 1]; holds its
    level with few discordant pairs and with none, where Wald's has width 0.
    """
    check_open_share("Tango's interval", "the level", level)
    z = normal_quantile((1.0 + level) / 2.0)
    upper = _tango_upper(counts.only_first, counts.only_second, counts.trials, z)
    # Exchanging the two answerers mirrors the interval.
    lower = -_tango_upper(counts.only_second, counts.only_first, counts.trials, z)
    return Estimate(counts.difference, lower, upper)


def _tango_upper(b: int, c: int, n: int, z: float) -> float:
    if b == n:
        return 1.0

    def beyond(d: float) -> float:
        """Falls through zero at the bound, from above at ``difference`` to below at 1."""
        linear = b + c - (2 * n - b + c) * d
        root = math.sqrt(max(0.0, linear * linear + 8 * n * c * d * (1 - d)))
        # The same root of the same quadratic twice: each form without cancellation.
        q = 0.0
        if linear > 0:
            q = (root + linear) / (4 * n)
        elif root > linear:
            q = 2 * c * d * (1 - d) / (root - linear)
        variance = n * (2 * q + d * (1 - d))
        return (b - c - n * d) + z * math.sqrt(max(0.0, variance))

    # At the estimate itself the variance may be 0 (no discordant pair): start beside it.
    return float(brentq(beyond, (b - c) / n + BESIDE, 1.0, xtol=1e-15, rtol=1e-15))


def smallest_detectable_difference(
    trials: int, discordance: float, *, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """The least true difference d that ``mcnemar_exact`` would find with ``power``: with a p of at
    most ``alpha``.

    Formula: the d at which the sum over m of P(m discordant pairs) P(p <= alpha of m) is
    ``power``, m from Binomial(``trials``, D), D the discordance, and of these the first better in
    Binomial(m, (D + d) / 2D). A difference cannot exceed the discordance: ``None`` when not even D
    would be found.
    """
    name = "the smallest detectable difference"
    _quantiles(name, trials, discordance, power, alpha)
    if discordance == 0.0:
        return None
    found = _ExactPower.of(trials, discordance, alpha)
    if found.at(discordance) < power:
        return None
    if found.at(0.0) >= power:  # of a power that chance has
        return 0.0
    return float(brentq(lambda d: found.at(d) - power, 0.0, discordance, xtol=1e-9))


@dataclass(frozen=True)
class _ExactPower:
    """Of the exact test: ``discordant`` pairs (K,) with their ``chances`` (K,); the test rejects
    where one answerer has at most ``losses`` (K,) of them, -1 where it never does."""

    discordance: float
    discordant: NDArray[np.int64]
    chances: NDArray[np.float64]
    losses: NDArray[np.int64]

    @classmethod
    def of(cls, trials: int, discordance: float, alpha: float) -> _ExactPower:
        # What is left out has a chance of 1e-10.
        first, last = (int(binom.ppf(one, trials, discordance)) for one in (5e-11, 1.0 - 5e-11))
        discordant = np.arange(max(0, first), last + 1)
        losses = np.asarray(binom.ppf(alpha / 2.0, discordant, 0.5)).astype(np.int64)
        # The quantile is the first that passes alpha / 2: one less, if it is not met exactly.
        losses -= 2.0 * binom.cdf(losses, discordant, 0.5) > alpha
        return cls(discordance, discordant, binom.pmf(discordant, trials, discordance), losses)

    def at(self, difference: float) -> float:
        better = min(1.0, (self.discordance + difference) / (2.0 * self.discordance))
        tails = binom.cdf(self.losses, self.discordant, 1.0 - better)
        tails += binom.cdf(self.losses, self.discordant, better)
        return float(self.chances @ tails)


def trials_to_exclude(
    bound: float, difference: float, discordance: float, *, power: float = 0.8, alpha: float = 0.05
) -> int | None:
    """How many pairs until the interval of a true ``difference`` leaves ``bound`` out with
    ``power``: ``(za + zb)^2 (D - d^2) / (d - bound)^2``, rounded up (Liu et al. 2002).
    ``None`` when the difference is the bound: no number would do."""
    za, zb = _quantiles("the number of trials", 1, discordance, power, alpha)
    for label, value in (("the bound", bound), ("the difference", difference)):
        if not -1.0 <= value <= 1.0:
            raise BadSample("the number of trials", f"{label} is {value}, not within -1 and 1")
    if abs(difference) > discordance + 1e-12:
        raise BadSample(
            "the number of trials", f"difference {difference} exceeds discordance {discordance}"
        )
    if difference == bound:
        return None
    spread = max(0.0, discordance - difference * difference)
    return max(1, math.ceil((za + zb) ** 2 * spread / (difference - bound) ** 2))


def _quantiles(
    statistic: str, trials: int, discordance: float, power: float, alpha: float
) -> tuple[float, float]:
    check_trials(statistic, trials)
    check_open_share(statistic, "the power", power)
    check_open_share(statistic, "alpha", alpha)
    if not 0.0 <= discordance <= 1.0:
        raise BadSample(statistic, f"the discordance is {discordance}, not within 0 and 1")
    return normal_quantile(1.0 - alpha / 2.0), normal_quantile(power)
