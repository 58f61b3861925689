"""What a version would be worth if it answered only where it is confident.

Source: R. El-Yaniv and Y. Wiener, JMLR 11 (2010) 1605-1641 (risk and coverage); area under the
curve: Y. Geifman, G. Uziel and R. El-Yaniv, arXiv:1805.08206.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.errors import EmptySample
from contracts.verdicts import QuestionRecord


@dataclass(frozen=True)
class CoveragePoint:
    """Answering the ``coverage`` most confident share of the scored questions, which means
    all of at least ``confidence``, gives this accuracy."""

    coverage: float
    confidence: float
    accuracy: float


def accuracy_against_coverage(records: Sequence[QuestionRecord]) -> list[CoveragePoint]:
    """One point for each different confidence, from the highest down: equally confident
    answers are given or withheld together. No scored question gives no point."""
    ranked = sorted(
        (
            (record.confidence, bool(record.correct))
            for record in records
            if record.confidence is not None
        ),
        reverse=True,
    )
    points: list[CoveragePoint] = []
    right = 0
    for place, (confidence, correct) in enumerate(ranked, start=1):
        right += correct
        if place == len(ranked) or ranked[place][0] < confidence:
            points.append(CoveragePoint(place / len(ranked), confidence, right / place))
    return points


def risk_area(records: Sequence[QuestionRecord]) -> float:
    """Formula: mean over the scored questions, each taken at the point that first covers it,
    of 1 - accuracy there. Lower is better; a ratio: the share of wrong answers where
    confidence tells nothing. Raises ``EmptySample`` when nothing was scored."""
    points = accuracy_against_coverage(records)
    if not points:
        raise EmptySample("the area of risk and coverage", "no question was scored")
    before = [0.0, *(point.coverage for point in points[:-1])]
    return math.fsum(
        (point.coverage - start) * (1.0 - point.accuracy)
        for start, point in zip(before, points, strict=True)
    )
