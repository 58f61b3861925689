"""What a run's report says of how its numbers were made."""

from __future__ import annotations

from typing import Literal

from contracts.comparisons import Grouping
from contracts.models import Digest, ScoringMethod
from contracts.robustness import CoveragePoint, ReliabilityBin
from contracts.shape import Shape
from contracts.suites import Protocol, ShotsBy
from contracts.verdicts import Interval, Ratio

Unit = Literal["share", "number", "count"]


class Way(Shape):
    """How the answers were had. ``None`` where the run did not say. ``max_new_tokens``: of the
    replies that the protocol generate reads the answers from; ``None`` under another."""

    protocol: Protocol = "scored"
    scoring: ScoringMethod | None = None
    template: str | None = None
    shots_count: int = 0
    shots_by: ShotsBy = "suite"
    shots_digest: Digest | None = None
    precision: str | None = None
    max_new_tokens: int | None = None


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
    """One figure with its meaning. A ``share`` is a ratio and shown in percent, an interval's
    ends are in its unit. ``value`` is ``None`` where it has none for this version;
    ``reason`` says why, and a page shows it as *not applicable*."""

    name: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    meaning: str
    reason: str | None = None
    unit: Unit = "number"


class CategoryAccuracy(Shape):
    """One category; ``questions`` of it were scored."""

    grouping: Grouping
    name: str
    questions: int
    correct: int
    accuracy: Interval


class HardQuestion(Shape):
    """A wrongly answered question and the probability that its right answer had. ``choices``, of
    A, B, ...: none where they are not at hand."""

    id: str
    category: str
    gold: str
    letter: str
    gold_probability: Ratio
    stem: str | None
    choices: tuple[str, ...] = ()


class Report(Shape):
    """``report.json``: one run, whole. ``twins``: the ids of all questions with a twin in the
    training data; none where that was not at hand. ``coverage`` is thinned; it and
    ``reliability`` are empty where answers have no probability."""

    header: RunHeader
    questions: int
    unscored: int
    correct: int
    accuracy: Interval
    chance: Ratio
    categories: tuple[CategoryAccuracy, ...]
    robustness: tuple[Measure, ...]
    calibration: tuple[Measure, ...]
    reliability: tuple[ReliabilityBin, ...]
    coverage: tuple[CoveragePoint, ...]
    twins: tuple[str, ...] = ()
    hardest: tuple[HardQuestion, ...]
    misconceptions: tuple[tuple[str, int], ...]
