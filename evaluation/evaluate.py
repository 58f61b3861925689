"""One evaluation, whole: checkpoint and questions in, run, records and result out.

Everything is checked before the first question is scored: the files, the suite, MLflow,
the checkpoint's digest against the training's, and that it can explain where it is to. Time
and commit are arguments. The protocol generate is in ``evaluation.in_words``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from contracts.verdicts import (
    EvaluationResult,
    FittedTemperature,
    QuestionRecord,
    TrainingResult,
)
from evaluation.beside import Beside
from evaluation.defaults import SEED
from evaluation.engine import OverEngine, joined, suite_records
from evaluation.in_words import Explainer, evaluate_in_words
from evaluation.leaks import leaks_for
from evaluation.outcome import Examination, keep
from evaluation.request import EvaluateRequest, start_run
from evaluation.results import read_training
from evaluation.robustness import robustness_of, with_asked, with_leaks
from evaluation.run import Asking, summarise
from evaluation.scores import ScoreStore
from evaluation.suite import Suite, read_suite
from evaluation.tracking import EvaluationRun
from mcq.scorer import Scorer

__all__ = ["EvaluateRequest", "evaluate"]


def evaluate(
    request: EvaluateRequest,
    *,
    now_seconds: Callable[[], float],
    on_scored: Callable[[int, int], None] = lambda _done, _total: None,
) -> EvaluationResult:
    """Examine on the suite, log and write; ``on_scored`` hears how many of how many questions
    are done. Raises ``TrackingAway``, ``ResultsInvalid``, ``BadInput``, ``BadParams``,
    ``CannotWrite``, ``DigestMismatch``, ``CheckpointInvalid``, ``EmptySample``, ``StorageFull``;
    with a cluster ``ClusterAway`` and ``ExtraMissing``, too."""
    training = read_training(request.training)
    params = request.params.evaluate
    suite = read_suite(request.suite, params.max_questions, request.protocol)
    if suite.protocol == "generate":
        return evaluate_in_words(request, training, suite, now_seconds, on_scored)
    return _scored(request, training, suite, now_seconds, on_scored)


def _scored(
    request: EvaluateRequest,
    training: TrainingResult,
    suite: Suite,
    now_seconds: Callable[[], float],
    on_scored: Callable[[int, int], None],
) -> EvaluationResult:
    """The protocol scored."""
    beside = Beside.of(request, suite)
    explainer = Explainer.ready(request, training, suite) if request.explain else None
    run = EvaluationRun(request.tracking_uri, training, request.group)
    scorer = _scorer(request, training, suite)
    asking = _asking(request, suite, scorer)
    leaks = leaks_for(request, training, suite)
    asked = ((suite.questions, asking), *beside.asked(asking))
    scored = len(suite.questions) + beside.count
    total = scored + (explainer.count if explainer else 0)

    def after(before: int) -> Callable[[int], None]:
        return lambda done: on_scored(before + done, total)

    with ExitStack() as stack:
        # A cluster that cannot be joined leaves no run behind.
        engine = stack.enter_context(joined(request.cluster, scorer, request.checkpoint, asked))
        scores = scorer if engine is None else OverEngine(engine, scorer)
        stack.enter_context(run.ending())
        start_run(run, request, suite)
        scoring = suite_records(
            engine, scorer, suite, asking, scratch=request.scores, progress=after(0)
        )
        records = stack.enter_context(scoring)
        temperature, alone = beside.found(scores, asking, after(len(suite.questions)))
        result = _result(run, suite, scorer, records, temperature)
        written: dict[str, str] = {}
        if explainer is not None:
            # Two copies of the weights at once would be one too many.
            (engine or scorer).release()
            result, written = explainer.explained(run, records, result, after(scored))
        robustness = with_asked(
            with_leaks(robustness_of(records, seed=SEED), leaks, records), temperature, alone
        )
        found = Examination(suite, training.scoring, result, records, robustness, written)
        keep(run, request.out, found, int(now_seconds() * 1000))
    return result


def _scorer(request: EvaluateRequest, training: TrainingResult, suite: Suite) -> Scorer:
    params = request.params.evaluate
    return Scorer.load(
        request.checkpoint,
        expected_digest=training.digest,
        template=suite.template,
        precision=params.precision,
        device=params.device,
        lazy=True,
    )


def _asking(request: EvaluateRequest, suite: Suite, scorer: Scorer) -> Asking:
    params = request.params.evaluate
    return Asking(
        batch_tokens=params.batch_tokens,
        shots=suite.shots,
        orders=params.orders,
        store=ScoreStore(request.scores, scorer.identity.digest),
        fresh=request.fresh,
        say=request.say,
    )


def _result(
    run: EvaluationRun,
    suite: Suite,
    scorer: Scorer,
    records: Sequence[QuestionRecord],
    temperature: FittedTemperature | None,
) -> EvaluationResult:
    identity = scorer.identity
    return summarise(records, suite, run_id=run.run_id, digest=scorer.digest).model_copy(
        update={
            "template": identity.template,
            "precision": identity.precision,
            "scorer_version": identity.scorer_version,
            "temperature": temperature,
        }
    )
