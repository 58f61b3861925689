"""What an evaluation found, logged to MLflow and written to a folder.

Files are written last, the result after the records that it names, so that whatever fails
leaves what stood there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.files import write_atomically
from contracts.models import ScoringMethod
from contracts.reports import Way
from contracts.robustness import RobustnessReport
from contracts.verdicts import EvaluationResult, GroupAccuracy, QuestionRecord
from evaluation.drawings import alone
from evaluation.metrics.accuracy import chance_accuracy
from evaluation.metrics.calibration import reliability
from evaluation.metrics.catalogue import flat_metrics
from evaluation.metrics.misconceptions import shown_misconceptions
from evaluation.report.build import Extras, build_report
from evaluation.report.document import render_html
from evaluation.report.pictures import drawings_of
from evaluation.results import csv_text, json_text, records_text, write_shape
from evaluation.suite import Suite
from evaluation.tracking import REPORT_FILE, REPORT_PAGE, EvaluationRun, asked_text
from mcq.loaders import questions_digest

RECORDS: Final = "records.jsonl"
RESULT: Final = "evaluation.json"
METRICS: Final = "metrics/evaluation.json"
PLOTS: Final = "plots"


@dataclass(frozen=True)
class Examination:
    """What an evaluation found. ``scoring``: the version's own method."""

    suite: Suite
    scoring: ScoringMethod
    result: EvaluationResult
    records: Sequence[QuestionRecord]
    robustness: RobustnessReport


def keep(run: EvaluationRun, out: Path, examined: Examination, at_milliseconds: int) -> None:
    """Log and write what was found, the result last. Raises ``TrackingAway``,
    ``StorageFull``."""
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
    )
    stems = {question.id: asked_text(question) for question in suite.questions}
    extras = Extras(chance=chance, way=way, stems=stems)
    report = build_report(result, records, examined.robustness, extras=extras)
    drawings = drawings_of(report)
    page = render_html(report, drawings)
    run.log_report(page, json_text(report))
    run.log_drawings({name: alone(svg) for name, svg in drawings.items()})
    write_atomically(out / REPORT_PAGE, page)
    write_shape(out / REPORT_FILE, report)
    for name, table in _plots(result, records).items():
        write_atomically(out / PLOTS / name, table)
    write_atomically(out / METRICS, json_text(metrics))
    write_atomically(out / RECORDS, text)
    write_shape(out / RESULT, result)


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
