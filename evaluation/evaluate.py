"""One evaluation, whole: checkpoint and questions in, run, records and result out.

Everything is checked before the first question is scored: the files, the suite, MLflow,
the checkpoint's digest against the training's. Files are written last, the result after
the records that it names, so that whatever fails leaves what stood there. Time and commit
are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.errors import BadInput
from contracts.files import write_atomically
from contracts.params import Params
from contracts.reports import Way
from contracts.run_group import RunGroup
from contracts.suites import SuiteSpec
from contracts.verdicts import EvaluationResult, GroupAccuracy, QuestionRecord
from evaluation.figures import figures_of
from evaluation.metrics.calibration import reliability
from evaluation.metrics.catalogue import SEED, flat_metrics
from evaluation.metrics.misconceptions import shown_misconceptions
from evaluation.report.build import Extras, build_report
from evaluation.report.document import render_html
from evaluation.report.measures import measures_of
from evaluation.results import csv_text, json_text, read_training, records_text, write_shape
from evaluation.robustness import robustness_of, with_fitted, with_questions
from evaluation.run import Asking, score_suite, summarise
from evaluation.scores import ScoreStore
from evaluation.suite import Suite, read_suite
from evaluation.temperature import fitted_temperature, read_validation
from evaluation.tracking import REPORT_FILE, REPORT_PAGE, EvaluationRun
from mcq.loaders import questions_digest
from mcq.scorer import Scorer

RECORDS: Final = "records.jsonl"
RESULT: Final = "evaluation.json"
METRICS: Final = "metrics/evaluation.json"
PLOTS: Final = "plots"


@dataclass(frozen=True)
class EvaluateRequest:
    """``checkpoint``: the folder to examine; ``training``: the result that recorded its
    digest; ``suite``: the questions; ``out``: where the results go; ``scores``: the folder of
    what was scored before, ``fresh`` to score it again; ``validation``: the file of questions
    that a temperature is fitted on, if any; ``say`` hears what people should know."""

    checkpoint: Path
    training: Path
    suite: SuiteSpec
    out: Path
    params: Params
    tracking_uri: str
    commit: str
    scores: Path
    validation: Path | None = None
    fresh: bool = False
    say: Callable[[str], None] = lambda _text: None
    group: RunGroup = field(default_factory=RunGroup)


def evaluate(
    request: EvaluateRequest,
    *,
    now_seconds: Callable[[], float],
    on_scored: Callable[[int, int], None] = lambda _done, _total: None,
) -> EvaluationResult:
    """Score the suite, log and write; ``on_scored`` hears how many of how many questions are
    done. Raises ``TrackingAway``, ``ResultsInvalid``, ``BadInput``, ``BadParams``,
    ``DigestMismatch``, ``CheckpointInvalid``, ``EmptySample``, ``StorageFull``."""
    params = request.params
    training = read_training(request.training)
    suite = read_suite(request.suite, params.evaluate.max_questions)
    _check_protocol(suite)
    validation = read_validation(request.validation, suite, params.evaluate.validation_questions)
    run = EvaluationRun(request.tracking_uri, training, request.group)
    scorer = Scorer.load(
        request.checkpoint,
        expected_digest=training.digest,
        template=suite.template,
        precision=params.evaluate.precision,
        device=params.evaluate.device,
        lazy=True,
    )
    asking = Asking(
        batch_tokens=params.evaluate.batch_tokens,
        shots=suite.shots,
        orders=params.evaluate.orders,
        store=ScoreStore(request.scores, scorer.identity.digest, suite.shots),
        fresh=request.fresh,
        say=request.say,
    )
    total = len(suite.questions) + len(validation)
    with run.ending():
        settings = {f"evaluate.{key}": value for key, value in params.evaluate.model_dump().items()}
        run.start(params.experiment, suite, settings, request.commit)
        records = score_suite(scorer, suite, asking, lambda done: on_scored(done, total))
        temperature = fitted_temperature(
            scorer, validation, asking, lambda done: on_scored(len(records) + done, total)
        )
        result = summarise(records, suite, run_id=run.run_id, digest=scorer.digest).model_copy(
            update={
                "template": scorer.identity.template,
                "precision": scorer.identity.precision,
                "scorer_version": scorer.identity.scorer_version,
                "temperature": temperature,
            }
        )
        metrics = flat_metrics(result, records)
        run.log_metrics(metrics, int(now_seconds() * 1000))
        run.log_records(records_text(records), records, suite)
        run.log_figures(figures_of(result, records))
        stems = {question.id: question.stem for question in suite.questions}
        way = Way(
            protocol=result.protocol,
            scoring=training.scoring,
            template=result.template,
            shots_count=result.shots,
            shots_digest=questions_digest(suite.shots) if suite.shots else None,
            precision=result.precision,
        )
        robustness = with_questions(robustness_of(records, seed=SEED), suite.questions, None)
        if temperature is not None:
            robustness = with_fitted(robustness, temperature)
        report = build_report(
            result, records, measures_of(robustness), extras=Extras(way=way, stems=stems)
        )
        page = render_html(report)
        run.log_report(page, json_text(report))
        write_atomically(request.out / REPORT_PAGE, page)
        write_shape(request.out / REPORT_FILE, report)
        _write(request.out, result, records, metrics)
    return result


def _check_protocol(suite: Suite) -> None:
    if suite.protocol != "scored":
        raise BadInput(
            f"suite {suite.name} is of the protocol {suite.protocol}: its answers are written,"
            " not scored.",
            mend="`proctor evaluate` takes suites of the protocol scored.",
        )


def _write(
    out: Path,
    result: EvaluationResult,
    records: Sequence[QuestionRecord],
    metrics: dict[str, float],
) -> None:
    for name, text in _plots(result, records).items():
        write_atomically(out / PLOTS / name, text)
    write_atomically(out / METRICS, json_text(metrics))
    write_atomically(out / RECORDS, records_text(records))
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
