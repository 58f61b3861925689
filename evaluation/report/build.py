"""From a result and its records to a report. Pure; draws nothing and writes nothing.

Accuracy against coverage is that of El-Yaniv and Wiener, JMLR 11 (2010) 1605-1641, with
the confidence of the answer as the rule for abstaining.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.comparisons import GROUPINGS
from contracts.questions import LETTERS
from contracts.reports import (
    CategoryAccuracy,
    CoveragePoint,
    HardQuestion,
    Measure,
    ReliabilityStep,
    Report,
    RunHeader,
    Way,
)
from contracts.verdicts import EvaluationResult, QuestionRecord
from evaluation.compare_versions import categories_of
from evaluation.metrics.abstention import accuracy_against_coverage
from evaluation.metrics.accuracy import accuracy_of, chance_accuracy
from evaluation.metrics.calibration import (
    brier_score,
    calibration_error,
    mean_confidence,
    reliability,
)
from evaluation.metrics.misconceptions import shown_misconceptions

HARDEST: Final = 15
POINTS: Final = 50


@dataclass(frozen=True)
class Extras:
    """What neither result nor records know: the version's name, how it was asked, and the
    questions' text by id."""

    version: str | None = None
    way: Way = field(default_factory=Way)
    stems: Mapping[str, str] = field(default_factory=dict)


def build_report(
    result: EvaluationResult,
    records: Sequence[QuestionRecord],
    robustness: Sequence[Measure],
    *,
    extras: Extras,
) -> Report:
    """Raises ``EmptySample`` when nothing was scored."""
    return Report(
        header=RunHeader(
            run_id=result.run_id,
            version=extras.version,
            digest=result.digest,
            suite=result.suite,
            suite_digest=result.suite_digest,
            records_digest=result.records_digest,
            way=extras.way,
        ),
        questions=result.questions,
        unscored=result.unscored,
        correct=result.correct,
        accuracy=result.accuracy,
        chance=chance_accuracy(records),
        categories=tuple(_categories(records, result.accuracy.level)),
        robustness=tuple(robustness),
        calibration=_calibration(records),
        reliability=tuple(
            ReliabilityStep(
                lower=one.lower,
                upper=one.upper,
                questions=one.questions,
                confidence=min(1.0, one.confidence),
                accuracy=one.accuracy,
            )
            for one in reliability(records)
        ),
        coverage=coverage_curve(records),
        hardest=_hardest(records, extras.stems),
        misconceptions=tuple(shown_misconceptions(records)),
    )


def coverage_curve(records: Sequence[QuestionRecord]) -> tuple[CoveragePoint, ...]:
    """At most ``POINTS`` points of ``accuracy_against_coverage``, the last always among them.
    No scored question gives no point."""
    found = accuracy_against_coverage(records)
    step = max(1, -(-len(found) // POINTS))
    return tuple(
        CoveragePoint(coverage=one.coverage, accuracy=one.accuracy)
        for one in reversed(found[::-1][::step])
    )


def _categories(records: Sequence[QuestionRecord], level: float) -> list[CategoryAccuracy]:
    found = []
    for grouping in GROUPINGS:
        for name, inside in categories_of(records, grouping).items():
            group = accuracy_of(inside, level)
            if group is not None:
                found.append(CategoryAccuracy(grouping=grouping, name=name, **dict(group)))
    return found


def _calibration(records: Sequence[QuestionRecord]) -> tuple[Measure, ...]:
    return (
        Measure(
            name="expected calibration error",
            value=calibration_error(records),
            meaning="mean distance of accuracy from confidence, in ten bins; lower is better",
        ),
        Measure(
            name="Brier score",
            value=brier_score(records),
            meaning="squared error of the probabilities, 0 to 2; lower is better",
        ),
        Measure(
            name="mean confidence",
            value=mean_confidence(records),
            meaning="equals the accuracy when calibrated",
        ),
    )


def _hardest(
    records: Sequence[QuestionRecord], stems: Mapping[str, str]
) -> tuple[HardQuestion, ...]:
    wrong = [
        (one.probabilities[LETTERS.index(one.gold)], one)
        for one in records
        if one.correct is False and one.letter is not None and one.probabilities
    ]
    wrong.sort(key=lambda pair: (pair[0], pair[1].id))
    return tuple(
        HardQuestion(
            id=one.id,
            category=one.family or one.kind or one.difficulty or "",
            gold=one.gold,
            letter=str(one.letter),
            gold_probability=probability,
            stem=stems.get(one.id),
        )
        for probability, one in wrong[:HARDEST]
    )
