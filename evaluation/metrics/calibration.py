"""Calibration: whether a confidence of 0.8 is right eight times in ten.

Sources: G. W. Brier, Monthly Weather Review 78 (1950) 1-3; bins and expected calibration
error as in Guo et al., arXiv:1706.04599; its interval: ``stats.binned_error``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.errors import EmptySample
from contracts.questions import LETTERS
from contracts.verdicts import Interval, QuestionRecord
from evaluation.samples import sample_faults
from stats.binned_error import binned_error

BINS: Final = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """The scored questions with a confidence in (``lower``, ``upper``]: how many, their
    mean confidence and how many are correct."""

    lower: float
    upper: float
    questions: int
    correct: int
    confidence: float

    @property
    def accuracy(self) -> float:
        return self.correct / self.questions


def brier_score(records: Sequence[QuestionRecord]) -> float:
    """Formula: mean over the scored questions of the sum over choices of (probability -
    is gold)^2. Lower is better; 0 to 2, no unit. Unscored questions are left out; raises
    ``EmptySample`` when nothing was scored."""
    losses = [
        math.fsum(
            (probability - (place == LETTERS.index(record.gold))) ** 2
            for place, probability in enumerate(record.probabilities)
        )
        for record in records
        if record.probabilities
    ]
    if not losses:
        raise EmptySample("the Brier score", "no question was scored")
    return math.fsum(losses) / len(losses)


def mean_confidence(records: Sequence[QuestionRecord]) -> float:
    """Formula: mean confidence of the scored questions; a ratio; equal to the accuracy
    when calibrated. Raises ``EmptySample`` when nothing was scored."""
    found = [record.confidence for record in records if record.confidence is not None]
    if not found:
        raise EmptySample("mean confidence", "no question was scored")
    return math.fsum(found) / len(found)


def reliability(records: Sequence[QuestionRecord], bins: int = BINS) -> list[ReliabilityBin]:
    """The scored questions in ``bins`` equal steps of confidence, lowest first; empty bins
    are left out, and no scored question gives no bin."""
    found = []
    for place in range(bins):
        lower, upper = place / bins, (place + 1) / bins
        inside = [
            (record.confidence, bool(record.correct))
            for record in records
            if record.confidence is not None and lower < record.confidence <= upper
        ]
        if inside:
            mean = math.fsum(confidence for confidence, _ in inside) / len(inside)
            right = sum(correct for _, correct in inside)
            found.append(ReliabilityBin(lower, upper, len(inside), right, mean))
    return found


def calibration_error(records: Sequence[QuestionRecord], bins: int = BINS) -> float:
    """Formula: mean over the scored questions of |accuracy - confidence| of their bin
    (expected calibration error). Lower is better; a ratio. Raises ``EmptySample`` when
    nothing was scored."""
    found = reliability(records, bins)
    total = sum(one.questions for one in found)
    if not total:
        raise EmptySample("the calibration error", "no question was scored")
    return math.fsum(one.questions * abs(one.accuracy - one.confidence) for one in found) / total


def calibration_error_interval(
    records: Sequence[QuestionRecord], level: float, *, seed: int, bins: int = BINS
) -> Interval:
    """``calibration_error`` with an interval at ``level`` that holds the true error of these bins
    at least as often, 0 among it (``stats.binned_error``). Raises ``EmptySample`` when nothing
    was scored."""
    scored = [
        (record.confidence, bool(record.correct))
        for record in records
        if record.confidence is not None
    ]
    if not scored:
        raise EmptySample("the calibration error", "no question was scored")
    confidence = np.array([one for one, _ in scored])
    # (lower, upper], as ``reliability`` has it.
    places = np.searchsorted(np.arange(1, bins) / bins, confidence, side="left")
    right = np.array([correct for _, correct in scored])
    with sample_faults():
        found = binned_error(right, confidence, places, level, seed=seed)
    return Interval(**found._asdict(), level=level)
