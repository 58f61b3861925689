"""Shapes of what a run's report says beyond accuracy: orders, letters, calibration, leaks.

A figure without a meaning for these records is ``None``, and ``RobustnessReport.missing``
says why; it is never 0. What each figure is, its formula and its source stand in
``docs/statistics.md``. Ratios unless a name says nats.
"""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from contracts.questions import Letter
from contracts.shape import Shape
from contracts.verdicts import FittedTemperature, GroupAccuracy, Interval, Ratio

Count = Annotated[int, Field(ge=0)]


class FamiliesReport(Shape):
    """Accuracy of the scored questions that have a family, ``families_count`` of these. The
    interval is clustered by family: for what is to be said of other families of the kind.
    Wilson's, of the result, is for other questions of these families."""

    families_count: Annotated[int, Field(ge=2)]
    questions_count: Count
    correct_count: Count
    accuracy: Interval


class OrdersReport(Shape):
    """Of the questions asked in every rotation: ``mean_accuracy`` over questions and orders,
    its interval clustered by question; ``worst_accuracy`` of the order that does worst;
    ``all_right_ratio`` of questions right in every order; ``flipped_ratio`` of questions whose
    chosen *choice* changes with the order."""

    questions_count: Count
    mean_accuracy: Interval
    worst_accuracy: Ratio
    all_right_ratio: Ratio
    flipped_ratio: Ratio


class GoldPosition(Shape):
    """Accuracy (recall) of the questions whose right answer stands at ``letter``."""

    letter: Letter
    questions_count: Count
    correct_count: Count
    accuracy: Interval


class LettersReport(Shape):
    """Of letter scoring, as the choices stand. ``recall_deviation`` is ``None`` where fewer
    than two letters are gold."""

    positions: tuple[GoldPosition, ...]
    recall_deviation: Ratio | None
    option_mass: Ratio


class LetterPrior(Shape):
    """How much the model likes each letter of questions with so many choices; sums to 1."""

    choices_count: Count
    prior: tuple[Ratio, ...]


class DebiasedReport(Shape):
    """Accuracy with the liking for letters divided out (PriDe). ``estimated_on_count`` of the
    ``questions_count`` questions told the priors: at most 5 %. The interval takes the priors as
    given: that they are estimates, from few questions, makes the truth less certain than it
    says."""

    accuracy: Interval
    estimated_on_count: Count
    questions_count: Count
    priors: tuple[LetterPrior, ...]


class ReliabilityBin(Shape):
    """The scored questions with a confidence in (``lower``, ``upper``]."""

    lower: Ratio
    upper: Ratio
    questions_count: Count
    mean_confidence: Ratio
    accuracy: Ratio


class CalibrationReport(Shape):
    """``expected_error`` with its interval, which may reach 0; ``brier_score`` from 0 to 2."""

    expected_error: Interval
    brier_score: Annotated[float, Field(ge=0.0, le=2.0)]
    mean_confidence: Ratio
    bins: tuple[ReliabilityBin, ...]


class CoveragePoint(Shape):
    """Answering only at ``confidence`` or above covers ``coverage`` of the scored questions,
    with this accuracy."""

    coverage: Ratio
    confidence: Ratio
    accuracy: Ratio


class AbstentionReport(Shape):
    """Accuracy against coverage. ``risk_area``: mean share of wrong answers over coverages."""

    points: tuple[CoveragePoint, ...]
    risk_area: Ratio


class ChoicesOnly(Shape):
    """How often a ``rule`` that never reads the question is right, beside ``chance``."""

    rule: str
    questions_count: Count
    correct_count: Count
    accuracy: Interval
    chance: Ratio


class UnreadReport(Shape):
    """How often the version itself is right when it is shown the choices and no question,
    beside ``chance``; of the first ``questions_count`` questions of the suite."""

    questions_count: Count
    correct_count: Count
    accuracy: Interval
    chance: Ratio


class ContaminationReport(Shape):
    """Of ``questions_count`` questions, those with a twin among ``training_count``:
    ``same_program_count`` by hash of the normalised program (of the text where there is none),
    ``all_grams_count`` whose every 13-gram is known there; ``touched_count`` share at least one
    13-gram. ``twins``: ids."""

    questions_count: Count
    training_count: Count
    same_program_count: Count
    all_grams_count: Count
    touched_count: Count
    twins: tuple[str, ...]


SECTIONS: Final = (
    "families",
    "orders",
    "letters",
    "debiased",
    "tie_ratio",
    "calibration",
    "abstention",
    "temperature",
    "choices_only",
    "unread",
    "contamination",
    "unseen",
)


class RobustnessReport(Shape):
    """All of it. ``unseen``: accuracy of the scored questions without a twin in training.
    ``missing`` has for each section that is ``None`` why it is, and no other (``ValueError``
    when it does not)."""

    scored_count: Count
    unscored_count: Count
    seed: Count
    families: FamiliesReport | None = None
    orders: OrdersReport | None = None
    letters: LettersReport | None = None
    debiased: DebiasedReport | None = None
    tie_ratio: Ratio | None = None
    calibration: CalibrationReport | None = None
    abstention: AbstentionReport | None = None
    temperature: FittedTemperature | None = None
    choices_only: tuple[ChoicesOnly, ...] | None = None
    unread: UnreadReport | None = None
    contamination: ContaminationReport | None = None
    unseen: GroupAccuracy | None = None
    missing: dict[str, str]

    @model_validator(mode="after")
    def _every_gap_explained(self) -> Self:
        absent = {name for name in SECTIONS if getattr(self, name) is None}
        if absent != set(self.missing):
            wrong = ", ".join(sorted(absent ^ set(self.missing)))
            raise ValueError(f"missing must explain exactly the sections that are None: {wrong}")
        return self
