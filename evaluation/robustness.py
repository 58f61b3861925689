"""All that a report says beyond accuracy, out of records: one call, pure, seeded.

``robustness_of`` needs records only; ``with_leaks`` adds what the questions tell of
themselves, ``with_asked`` what the version was asked beside the suite. What has no meaning
stays ``None`` with its reason. Formulas and sources: ``docs/statistics.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from contracts.robustness import (
    AbstentionReport,
    CalibrationReport,
    CoveragePoint,
    DebiasedReport,
    FamiliesReport,
    GoldPosition,
    LetterPrior,
    LettersReport,
    OrdersReport,
    ReliabilityBin,
    RobustnessReport,
    UnreadReport,
)
from contracts.verdicts import FittedTemperature, Interval, QuestionRecord
from evaluation.defaults import LEVEL
from evaluation.leaks import Leaks
from evaluation.learned import NO_TRAINING
from evaluation.metrics.abstention import accuracy_against_coverage, risk_area
from evaluation.metrics.accuracy import accuracy_of, accuracy_over_families
from evaluation.metrics.calibration import (
    brier_score,
    calibration_error_interval,
    mean_confidence,
    reliability,
)
from evaluation.metrics.orders import (
    asked_in_orders,
    debiased,
    gold_positions,
    option_mass,
    order_figures,
    recall_deviation,
    tie_rate,
)
from evaluation.samples import sample_faults
from stats.intervals import wilson

UNSCORED: Final = "no question was scored"
WRITTEN: Final = "a written letter has no probability"
NO_LETTERS: Final = "choices are scored by their text, which has no letter"
NO_ORDERS: Final = "no question was asked in several orders"
TOO_FEW: Final = "fewer than two questions were asked in several orders"
NO_PRIOR: Final = "5 % of the questions asked in several orders is less than one question"
NO_QUESTIONS: Final = "the questions themselves were not given"
NOT_ASKED: Final = "the version was not asked by its choices alone"
NOT_FITTED: Final = "no temperature was fitted"
FEW_FAMILIES: Final = "fewer than two families were scored"
ALL_SEEN: Final = "no question was scored that has no twin in the training data"


def robustness_of(records: Sequence[QuestionRecord], *, seed: int) -> RobustnessReport:
    """Never raises for want of a sample: a section without one is ``None``. ``seed`` is of
    the draws behind the calibration error's interval and of PriDe's; equal records and seed
    give an equal report."""
    scored = [record for record in records if record.probabilities]
    answered = sum(record.letter is not None for record in records)
    nothing = WRITTEN if answered else UNSCORED
    sections: dict[str, Any] = {
        "families": _families(records),
        "orders": _orders(records),
        "letters": _letters(scored),
        "debiased": _debiased(records, seed),
        "tie_ratio": tie_rate(records),
        "calibration": _calibration(scored, seed),
        "abstention": _abstention(scored),
    }
    # Where a text is scored, no order of the choices is shown.
    unasked = NO_LETTERS if scored and sections["letters"] is None else NO_ORDERS
    reasons = {
        "families": FEW_FAMILIES,
        "orders": TOO_FEW if asked_in_orders(records) else unasked,
        "letters": NO_LETTERS if scored else nothing,
        "debiased": NO_PRIOR if asked_in_orders(records) else unasked,
        "tie_ratio": nothing,
        "calibration": nothing,
        "abstention": nothing,
    }
    missing = {name: why for name, why in reasons.items() if sections[name] is None}
    missing |= {
        "temperature": NOT_FITTED,
        "choices_only": NO_QUESTIONS,
        "unread": NOT_ASKED,
        "contamination": NO_QUESTIONS,
        "unseen": NO_QUESTIONS,
    }
    return RobustnessReport(
        scored_count=answered,
        unscored_count=len(records) - answered,
        seed=seed,
        missing=missing,
        **sections,
    )


def with_leaks(
    report: RobustnessReport, leaks: Leaks, records: Sequence[QuestionRecord]
) -> RobustnessReport:
    """The report with what the suite's questions tell of themselves, and the accuracy of
    ``records``, those of ``report``, on questions without a twin in training."""
    sections: dict[str, Any] = {"choices_only": leaks.choices_only}
    if leaks.contamination is None:
        reason = leaks.reason or NO_TRAINING
        return _with(report, sections, {"contamination": reason, "unseen": reason})
    sections["contamination"] = leaks.contamination
    twins = frozenset(leaks.contamination.twins)
    unseen = accuracy_of([record for record in records if record.id not in twins], LEVEL)
    if unseen is None:
        return _with(report, sections, {"unseen": ALL_SEEN})
    return _with(report, {**sections, "unseen": unseen}, {})


def with_asked(
    report: RobustnessReport, temperature: FittedTemperature | None, unread: UnreadReport | None
) -> RobustnessReport:
    """The report with what the version was asked beside the suite: its temperature, and its
    accuracy without the question. ``None`` leaves a gap as it is."""
    asked = {"temperature": temperature, "unread": unread}
    return _with(report, {name: one for name, one in asked.items() if one is not None}, {})


def _with(
    report: RobustnessReport, sections: dict[str, Any], reasons: dict[str, str]
) -> RobustnessReport:
    missing = {name: why for name, why in report.missing.items() if name not in sections}
    return RobustnessReport(**{**dict(report), **sections, "missing": {**missing, **reasons}})


def _families(records: Sequence[QuestionRecord]) -> FamiliesReport | None:
    found = accuracy_over_families(records, LEVEL)
    if found is None:
        return None
    return FamiliesReport(
        families_count=found.families,
        questions_count=found.questions,
        correct_count=found.correct,
        accuracy=found.accuracy,
    )


def _orders(records: Sequence[QuestionRecord]) -> OrdersReport | None:
    found = order_figures(records, LEVEL)
    if found is None:
        return None
    return OrdersReport(
        questions_count=found.questions,
        mean_accuracy=found.mean,
        worst_accuracy=found.worst,
        all_right_ratio=found.all_right,
        flipped_ratio=found.flipped,
    )


def _letters(scored: Sequence[QuestionRecord]) -> LettersReport | None:
    mass = option_mass(scored)
    if mass is None:
        return None
    positions = []
    for letter, (hits, asked) in gold_positions(scored).items():
        with sample_faults():
            found = wilson(hits, asked, LEVEL)
        positions.append(
            GoldPosition.model_validate(
                {
                    "letter": letter,
                    "questions_count": asked,
                    "correct_count": hits,
                    "accuracy": Interval(**found._asdict(), level=LEVEL),
                }
            )
        )
    return LettersReport(
        positions=tuple(positions), recall_deviation=recall_deviation(scored), option_mass=mass
    )


def _debiased(records: Sequence[QuestionRecord], seed: int) -> DebiasedReport | None:
    found = debiased(records, LEVEL, seed=seed)
    if found is None:
        return None
    return DebiasedReport(
        accuracy=found.accuracy,
        estimated_on_count=found.estimated_on,
        questions_count=found.questions,
        priors=tuple(
            # Rounding may leave a share a hair above 1.
            LetterPrior(choices_count=choices, prior=tuple(min(1.0, one) for one in prior))
            for choices, prior in found.priors.items()
        ),
    )


def _calibration(scored: Sequence[QuestionRecord], seed: int) -> CalibrationReport | None:
    if not scored:
        return None
    return CalibrationReport(
        expected_error=calibration_error_interval(scored, LEVEL, seed=seed),
        brier_score=min(2.0, brier_score(scored)),
        mean_confidence=min(1.0, mean_confidence(scored)),
        bins=tuple(
            ReliabilityBin(
                lower=one.lower,
                upper=one.upper,
                questions_count=one.questions,
                mean_confidence=min(1.0, one.confidence),
                accuracy=one.accuracy,
            )
            for one in reliability(scored)
        ),
    )


def _abstention(scored: Sequence[QuestionRecord]) -> AbstentionReport | None:
    if not scored:
        return None
    points = tuple(
        CoveragePoint(coverage=one.coverage, confidence=one.confidence, accuracy=one.accuracy)
        for one in accuracy_against_coverage(scored)
    )
    return AbstentionReport(points=points, risk_area=min(1.0, max(0.0, risk_area(scored))))
