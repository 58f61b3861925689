"""Misconceptions: which misreading the wrong answers follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from contracts.verdicts import QuestionRecord


def misconception_counts(records: Sequence[QuestionRecord]) -> dict[str, int]:
    """Formula: number of wrong answers whose choice carries this label, most frequent
    first, then by name. A count of questions; fewer is better. Right, unscored and
    unlabelled answers are left out; none gives an empty mapping."""
    counts = Counter(record.misconception for record in records if record.misconception)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
