"""Intervals for one proportion.

Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
inference", JASA 22 (1927) 209-212; recommended for every sample size by Brown, Cai and
DasGupta, Statistical Science 16 (2001) 101-133, since its coverage stays near the level
where the usual interval (estimate plus and minus standard errors) falls to nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.stats import norm

from stats.samples import BadSample, check_count, check_open_share, check_trials


class Estimate(NamedTuple):
    """An estimate inside its two-sided interval."""

    estimate: float
    lower: float
    upper: float


def normal_quantile(probability: float) -> float:
    """The standard normal quantile, as in 1.96 for 0.975."""
    return float(norm.ppf(probability))


def wilson(successes: int, trials: int, level: float) -> Estimate:
    """The proportion ``successes / trials`` with Wilson's score interval.

    Formula: the proportions p with ``|estimate - p| <= z sqrt(p (1 - p) / trials)``, z the
    normal quantile of ``level``; always within [0, 1] and never of width 0.
    Raises ``BadSample`` for an empty sample or more successes than trials.
    """
    check_trials("Wilson's interval", trials)
    check_count("Wilson's interval", "the number of successes", successes)
    check_open_share("Wilson's interval", "the level", level)
    if successes > trials:
        raise BadSample("Wilson's interval", f"{successes} successes in {trials} trials")
    z = normal_quantile((1.0 + level) / 2.0)
    failures = trials - successes
    estimate = successes / trials
    centre = successes + z * z / 2.0
    reach = z * math.sqrt(successes * failures / trials + z * z / 4.0)
    # At the ends the exact bound is the end itself; rounding must not move it.
    lower = 0.0 if successes == 0 else (centre - reach) / (trials + z * z)
    upper = 1.0 if failures == 0 else (centre + reach) / (trials + z * z)
    return Estimate(estimate, lower, upper)


def trials_to_settle(
    bound: float, share: float, *, power: float = 0.8, alpha: float = 0.05
) -> int | None:
    """How many trials until the interval of a true ``share`` leaves ``bound`` out with
    ``power``: ``(za + zb)^2 share (1 - share) / (share - bound)^2``, rounded up, the usual
    normal approximation. ``None`` when the share is the bound: no number would do."""
    name = "the number of trials"
    check_open_share(name, "the power", power)
    check_open_share(name, "alpha", alpha)
    for label, value in (("the bound", bound), ("the share", share)):
        if not 0.0 <= value <= 1.0:
            raise BadSample(name, f"{label} is {value}, not within 0 and 1")
    if share == bound:
        return None
    reach = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power)
    return max(1, math.ceil(reach**2 * share * (1.0 - share) / (share - bound) ** 2))
