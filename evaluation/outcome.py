"""What an evaluation found, logged to MLflow and written to a folder.

Files are written last and together, the result after the records that it names, so that
whatever fails leaves what stood there; what an earlier result named and this one does not is
removed, so that a folder never holds files of two evaluations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.files import write_together
from contracts.models import ScoringMethod
from contracts.reports import Way
from contracts.robustness import RobustnessReport
from contracts.verdicts import EvaluationResult, GroupAccuracy, QuestionRecord
from evaluation.drawings import alone
from evaluation.generated import EXPLANATIONS, GENERATION, REPLIES
from evaluation.metrics.accuracy import chance_accuracy
from evaluation.metrics.calibration import reliability
from evaluation.metrics.catalogue import flat_metrics
from evaluation.metrics.misconceptions import shown_misconceptions
from evaluation.report.build import Extras, build_report
from evaluation.report.document import render_html
from evaluation.report.pictures import drawings_of
from evaluation.results import csv_text, json_text, records_text
from evaluation.suite import Suite
from evaluation.tracking import REPORT_FILE, REPORT_PAGE, EvaluationRun, asked_text
from mcq.loaders import questions_digest

RECORDS: Final = "records.jsonl"
RESULT: Final = "evaluation.json"
METRICS: Final = "metrics/evaluation.json"
PLOTS: Final = "plots"
# Files that only evaluations in words have.
WRITTEN: Final = (REPLIES, GENERATION, EXPLANATIONS)


@dataclass(frozen=True)
class Examination:
    """What an evaluation found. ``scoring``: the version's own method. ``written``: the texts of
    ``WRITTEN`` that belong to it, by file name."""

    suite: Suite
    scoring: ScoringMethod
    result: EvaluationResult
    records: Sequence[QuestionRecord]
    robustness: RobustnessReport
    written: Mapping[str, str] = field(default_factory=dict)


def keep(run: EvaluationRun, out: Path, examined: Examination, at_milliseconds: int) -> None:
    """Log and write what was found, the result last; ``written`` was logged when it was had.
    Raises ``TrackingAway``, ``StorageFull``."""
    result, records, suite = examined.result, examined.records, examined.suite
    chance = chance_accuracy(suite.questions, records)
    metrics = flat_metrics(result, examined.robustness, chance)
    run.log_metrics(metrics, at_milliseconds)
    text = records_text(records)
    run.log_records(text, records, suite)
    way = Way(
        protocol=result.protocol,
        scoring=examined.scoring,
        template=result.template,
        shots_count=result.shots,
        shots_by=result.shots_by,
        shots_digest=questions_digest(suite.shots.every) if suite.shots.every else None,
        precision=result.precision,
        max_new_tokens=result.max_new_tokens,
    )
    stems = {question.id: asked_text(question) for question in suite.questions}
    choices = {question.id: question.choices for question in suite.questions}
    extras = Extras(chance=chance, way=way, stems=stems, choices=choices)
    report = build_report(result, records, examined.robustness, extras=extras)
    drawings = drawings_of(report)
    page = render_html(report, drawings)
    run.log_report(page, json_text(report))
    run.log_drawings({name: alone(svg) for name, svg in drawings.items()})
    files = {
        REPORT_PAGE: page,
        REPORT_FILE: json_text(report),
        **{f"{PLOTS}/{name}": table for name, table in _plots(result, records).items()},
        METRICS: json_text(metrics),
        **examined.written,
        RECORDS: text,
        RESULT: json_text(result),
    }
    write_together({out / name: content for name, content in files.items()})
    for name in set(WRITTEN) - examined.written.keys():
        (out / name).unlink(missing_ok=True)


def _plots(result: EvaluationResult, records: Sequence[QuestionRecord]) -> dict[str, str]:
    """Tables that DVC draws, by file name."""

    def groups(name: str, found: dict[str, GroupAccuracy]) -> str:
        return csv_text(
            (name, "questions", "correct", "accuracy", "lower", "upper"),
            (
                (label, group.questions, group.correct, *_bounds(group))
                for label, group in found.items()
            ),
        )

    return {
        "accuracy_by_family.csv": groups("family", result.by_family),
        "accuracy_by_difficulty.csv": groups("difficulty", result.by_difficulty),
        "reliability.csv": csv_text(
            ("lower", "upper", "questions", "confidence", "accuracy"),
            (
                (
                    one.lower,
                    one.upper,
                    one.questions,
                    f"{one.confidence:.6f}",
                    f"{one.accuracy:.6f}",
                )
                for one in reliability(records)
            ),
        ),
        "misconceptions.csv": csv_text(
            ("misconception", "questions"), shown_misconceptions(records)
        ),
    }


def _bounds(group: GroupAccuracy) -> tuple[str, str, str]:
    accuracy = group.accuracy
    return f"{accuracy.estimate:.6f}", f"{accuracy.lower:.6f}", f"{accuracy.upper:.6f}"
