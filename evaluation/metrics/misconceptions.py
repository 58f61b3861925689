"""Misconceptions: which misreadings the wrong answers follow.

A choice that several misreadings lead to bears their labels joined by ``+``. Nobody holds
that exact mixture, and most mixtures stand behind one question only: each part is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from contracts.verdicts import QuestionRecord

JOINED_BY: Final = "+"
# As many bars as are read on one page.
SHOWN: Final = 20
OTHERS: Final = "others"


def misconception_counts(records: Sequence[QuestionRecord]) -> dict[str, int]:
    """Formula: number of wrong answers whose choice bears this label, alone or as a part of
    labels joined by ``+``, most frequent first, then by name. A count of questions; fewer is
    better. An answer with several parts counts once for each, so that the counts' sum may be
    above the number of wrong answers. Right, unscored and unlabelled answers are left out;
    none gives an empty mapping."""
    counts = Counter(part for record in records for part in _parts(record))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def shown_misconceptions(
    records: Sequence[QuestionRecord], shown: int = SHOWN
) -> list[tuple[str, int]]:
    """The ``shown`` most frequent of ``misconception_counts`` and, when there are more,
    ``others`` at the end: the number of wrong answers that bear at least one of the labels
    that are not shown (some may bear a shown one, too). None gives an empty list."""
    counts = list(misconception_counts(records).items())
    hidden = {label for label, _ in counts[shown:]}
    if not hidden:
        return counts
    others = sum(not hidden.isdisjoint(_parts(record)) for record in records)
    return [*counts[:shown], (OTHERS, others)]


def _parts(record: QuestionRecord) -> set[str]:
    parts = (part.strip() for part in (record.misconception or "").split(JOINED_BY))
    return {part for part in parts if part}
