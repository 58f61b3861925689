"""The error of this package, and the checks that raise it.

A statistic of nothing is not zero, and one of NaN is not NaN: both raise. Callers above
translate ``BadSample`` into their own tree; it is a ``ValueError``, so that code that
knows nothing of ours can catch it.
"""

from __future__ import annotations

import math


class BadSample(ValueError):
    """``statistic`` cannot be computed, ``reason`` says why."""

    def __init__(self, statistic: str, reason: str) -> None:
        self.statistic = statistic
        self.reason = reason
        super().__init__(f"{statistic}: {reason}")


def check_count(statistic: str, name: str, value: int) -> None:
    """A count is a whole number of at least 0, and no bool."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadSample(statistic, f"{name} is {value!r}, not a whole number")
    if value < 0:
        raise BadSample(statistic, f"{name} is {value}, less than 0")


def check_trials(statistic: str, trials: int) -> None:
    check_count(statistic, "the number of trials", trials)
    if trials == 0:
        raise BadSample(statistic, "the sample is empty")


def check_open_share(statistic: str, name: str, value: float) -> None:
    """A level, a power or an alpha: strictly between 0 and 1."""
    if not (math.isfinite(value) and 0.0 < value < 1.0):
        raise BadSample(statistic, f"{name} is {value}, not between 0 and 1")
