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
    HardQuestion,
    Report,
    RunHeader,
    Way,
)
from contracts.robustness import CoveragePoint, RobustnessReport
from contracts.verdicts import EvaluationResult, QuestionRecord
from evaluation.compare_versions import categories_of
from evaluation.metrics.accuracy import accuracy_of
from evaluation.metrics.misconceptions import shown_misconceptions
from evaluation.report.measures import calibration_measures, measures_of, written_measures

HARDEST: Final = 15
POINTS: Final = 50


@dataclass(frozen=True)
class Extras:
    """What neither result nor records know: the accuracy of guessing, the version's name, how
    it was asked, and the questions' text and choices by id."""

    chance: float
    version: str | None = None
    way: Way = field(default_factory=Way)
    stems: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def build_report(
    result: EvaluationResult,
    records: Sequence[QuestionRecord],
    robustness: RobustnessReport,
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
        chance=extras.chance,
        categories=tuple(_categories(records, result.accuracy.level)),
        robustness=(*measures_of(robustness), *written_measures(result)),
        calibration=calibration_measures(robustness),
        reliability=() if robustness.calibration is None else robustness.calibration.bins,
        coverage=() if robustness.abstention is None else thinned(robustness.abstention.points),
        twins=() if robustness.contamination is None else robustness.contamination.twins,
        hardest=_hardest(records, extras),
        misconceptions=tuple(shown_misconceptions(records)),
    )


def thinned(points: Sequence[CoveragePoint]) -> tuple[CoveragePoint, ...]:
    """At most ``POINTS`` of them, evenly, the last always among them."""
    step = max(1, -(-len(points) // POINTS))
    return tuple(reversed(points[::-1][::step]))


def _categories(records: Sequence[QuestionRecord], level: float) -> list[CategoryAccuracy]:
    found = []
    for grouping in GROUPINGS:
        for name, inside in categories_of(records, grouping).items():
            group = accuracy_of(inside, level)
            if group is not None:
                found.append(CategoryAccuracy(grouping=grouping, name=name, **dict(group)))
    return found


def _hardest(records: Sequence[QuestionRecord], extras: Extras) -> tuple[HardQuestion, ...]:
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
            stem=extras.stems.get(one.id),
            choices=extras.choices.get(one.id, ()),
        )
        for probability, one in wrong[:HARDEST]
    )
