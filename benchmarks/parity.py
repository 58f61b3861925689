"""Whether two scorers say the same of the same questions.

Two fp32 computations of one model differ in the last digits. Where the two best choices are
further apart than ``CLOSE_NATS`` the prediction must be the same all the same; the rest are
listed, since there rounding decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcq.scorer import Scored

CLOSE_NATS: Final = 2e-4


@dataclass(frozen=True)
class Parity:
    """``wrong``: ids whose predictions differ though the best two are apart; ``close``: ids
    where they are not; ``agreement_ratio``: equal predictions of all; ``largest``: nats
    between the log-probabilities of any choice."""

    agreement_ratio: float
    largest: float
    wrong: tuple[str, ...]
    close: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "agreement_ratio": self.agreement_ratio,
            "largest_difference_nats": self.largest,
            "differing": list(self.wrong),
            "close": list(self.close),
        }


def parity(ids: Sequence[str], ours: Sequence[Scored], theirs: Sequence[Sequence[float]]) -> Parity:
    """``theirs[i][j]``: nats of choice ``j`` of question ``i``. Raises ``ValueError`` for no
    question, for unequal lengths, and for one that we could not score."""
    if not ids:
        raise ValueError("no questions to compare")
    same, largest = 0, 0.0
    wrong, close = [], []
    for name, mine, other in zip(ids, ours, theirs, strict=True):
        if mine.unscored is not None:
            raise ValueError(f"question {name} was not scored: {mine.unscored}")
        pairs = zip(mine.log_likelihoods, other, strict=True)
        largest = max(largest, *(abs(one - its) for one, its in pairs))
        best, second = sorted(other, reverse=True)[:2]
        equal = mine.choice == list(other).index(best)
        same += equal
        if best - second <= CLOSE_NATS:
            close.append(name)
        elif not equal:
            wrong.append(name)
    return Parity(same / len(ids), largest, tuple(wrong), tuple(close))
