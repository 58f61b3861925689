"""p-values of several tests, adjusted: compare each with alpha as if it were the only one.

Sources: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70; Y. Benjamini and
Y. Hochberg, J. R. Statist. Soc. B 57 (1995) 289-300.
"""

from __future__ import annotations

from collections.abc import Sequence

from stats.samples import BadSample


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given; at most a share alpha of such families has
    any false claim. Formula: with p sorted upwards, ``max over j <= i of (m - j + 1) p_j``,
    at most 1. Raises ``BadSample`` for none, or for one outside [0, 1]."""
    order = _ascending("Holm's adjustment", p_values)
    adjusted, largest = [0.0] * len(order), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given; of the claims made at alpha at most a share
    alpha is false on average. Formula: with p sorted upwards, ``min over j >= i of
    m p_j / j``. Raises ``BadSample`` for none, or for one outside [0, 1]."""
    order = _ascending("Benjamini and Hochberg's adjustment", p_values)
    adjusted, least = [0.0] * len(order), 1.0
    for rank in range(len(order), 0, -1):
        place = order[rank - 1]
        least = min(least, len(order) * p_values[place] / rank)
        adjusted[place] = least
    return adjusted


def _ascending(statistic: str, p_values: Sequence[float]) -> list[int]:
    if not p_values:
        raise BadSample(statistic, "there is no p-value")
    for value in p_values:
        if not 0.0 <= value <= 1.0:  # NaN, too, is not within
            raise BadSample(statistic, f"a p-value is {value}, not within 0 and 1")
    return sorted(range(len(p_values)), key=lambda place: p_values[place])
