"""Many tests at once: p-values adjusted so that the smallest is not believed too easily.

*Holm* bounds the chance of any false finding, *Benjamini-Hochberg* the expected share of
false ones among the findings.

Sources: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70; Y. Benjamini and
Y. Hochberg, Journal of the Royal Statistical Society B 57 (1995) 289-300.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from stats.samples import BadSample


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given: reject those at most alpha, and the chance of
    any false rejection is at most alpha, however the tests depend on each other.

    Formula: the i-th smallest times (m - i + 1), no less than those before it, at most 1.
    Raises ``BadSample`` for none and for a value that is no p-value.
    """
    return _stepped("Holm's correction", p_values, ascending=True)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given: of those at most q the expected share of false
    findings is at most q, for independent or positively dependent tests.

    Formula: the i-th smallest times m / i, no more than those after it. Raises as ``holm``.
    """
    return _stepped("Benjamini and Hochberg's correction", p_values, ascending=False)


def _stepped(name: str, p_values: Sequence[float], *, ascending: bool) -> list[float]:
    if not p_values:
        raise BadSample(name, "there are no p-values")
    for value in p_values:
        if not (math.isfinite(value) and 0.0 <= value <= 1.0):
            raise BadSample(name, f"{value} is no p-value")
    many = len(p_values)
    places = sorted(range(many), key=lambda place: p_values[place])
    adjusted = [0.0] * many
    bound = 0.0 if ascending else 1.0
    for rank in range(many) if ascending else reversed(range(many)):
        place = places[rank]
        if ascending:
            bound = max(bound, min(1.0, p_values[place] * (many - rank)))
        else:
            bound = min(bound, p_values[place] * many / (rank + 1))
        adjusted[place] = bound
    return adjusted
