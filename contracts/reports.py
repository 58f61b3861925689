"""What a run's report says of how its numbers were made."""

from __future__ import annotations

from contracts.comparisons import Grouping
from contracts.models import Digest, ScoringMethod
from contracts.shape import Shape
from contracts.suites import Protocol
from contracts.verdicts import Interval, Ratio


class Way(Shape):
    """How the answers were had. ``None`` where the run did not say."""

    protocol: Protocol = "scored"
    scoring: ScoringMethod | None = None
    template: str | None = None
    shots_count: int = 0
    shots_digest: Digest | None = None
    precision: str | None = None


class RunHeader(Shape):
    """What was examined, on what, and how."""

    run_id: str
    version: str | None
    digest: Digest
    suite: str
    suite_digest: Digest
    records_digest: Digest
    way: Way


class Measure(Shape):
    """One figure with its meaning. ``value`` is ``None`` where it has none for this version;
    ``reason`` says why, and a page shows it as *not applicable*."""

    name: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    meaning: str
    reason: str | None = None


class CategoryAccuracy(Shape):
    """One category; ``questions`` of it were scored."""

    grouping: Grouping
    name: str
    questions: int
    correct: int
    accuracy: Interval


class CoveragePoint(Shape):
    """The ``accuracy`` of the most confident share ``coverage`` of the scored questions."""

    coverage: Ratio
    accuracy: Ratio


class ReliabilityStep(Shape):
    """The scored questions with a confidence in (``lower``, ``upper``]."""

    lower: Ratio
    upper: Ratio
    questions: int
    confidence: Ratio
    accuracy: Ratio


class HardQuestion(Shape):
    """A wrongly answered question and the probability that its right answer had."""

    id: str
    category: str
    gold: str
    letter: str
    gold_probability: Ratio
    stem: str | None


class Report(Shape):
    """``report.json``: one run, whole. ``robustness`` may be empty: then nothing was told."""

    header: RunHeader
    questions: int
    unscored: int
    correct: int
    accuracy: Interval
    chance: Ratio
    categories: tuple[CategoryAccuracy, ...]
    robustness: tuple[Measure, ...]
    calibration: tuple[Measure, ...]
    reliability: tuple[ReliabilityStep, ...]
    coverage: tuple[CoveragePoint, ...]
    hardest: tuple[HardQuestion, ...]
    misconceptions: tuple[tuple[str, int], ...]
