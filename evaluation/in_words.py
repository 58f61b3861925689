"""Evaluations in words: the protocol generate, and explanations beside scores.

Whether a checkpoint can be asked in words is found out before any work; a killed one goes on
with the replies that it has (``evaluation.reply_store``); replies are kept before they are
judged, in the run, so that they show why where none states a letter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.errors import BadInput, EmptySample
from contracts.verdicts import (
    EvaluationResult,
    GenerationFacts,
    QuestionRecord,
    TrainingResult,
)
from evaluation.defaults import SEED
from evaluation.generated import (
    EXPLANATIONS,
    GENERATION,
    REPLIES,
    Limits,
    check_asks,
    check_writes,
    explain,
    generate_suite,
    generation_facts,
    prompting_of,
    replies_text,
)
from evaluation.leaks import leaks_for
from evaluation.metrics.catalogue import generation_metrics
from evaluation.outcome import Examination, keep
from evaluation.reply_store import ReplyStore
from evaluation.request import EvaluateRequest, start_run
from evaluation.results import json_text
from evaluation.robustness import robustness_of, with_leaks
from evaluation.run import summarise
from evaluation.suite import Suite
from evaluation.tracking import EvaluationRun
from mcq.generating import EXPLAINED_BY
from mcq.generation import Generator


def evaluate_in_words(
    request: EvaluateRequest,
    training: TrainingResult,
    suite: Suite,
    now_seconds: Callable[[], float],
    on_written: Callable[[int, int], None],
) -> EvaluationResult:
    """The protocol generate. Raises as ``evaluation.evaluate.evaluate``: ``EmptySample`` when
    no reply states a letter, after replies and counts were logged; ``out`` stays as it was."""
    _check_possible(request)
    check_writes(training, "answer in words")
    template, _ = prompting_of(suite)
    generator = _generator(request, training.digest)
    check_asks(generator.tokenizer, template, suite.questions, "answer in words")
    run = EvaluationRun(request.tracking_uri, training, request.group)
    total = len(suite.questions)
    limits = _limits(request)
    store = _store(request, generator, template)
    leaks = leaks_for(request, training, suite)
    at_milliseconds = int(now_seconds() * 1000)
    with run.ending():
        start_run(run, request, suite)
        records, replies = generate_suite(
            generator, suite, limits, lambda done: on_written(done, total), store
        )
        facts = generation_facts(suite, replies, limits.max_new_tokens)
        written = {REPLIES: replies_text(replies), GENERATION: json_text(facts)}
        for name, text in written.items():
            run.log_written(name, text)
        if not any(record.letter for record in records):
            run.log_metrics(generation_metrics(facts), at_milliseconds)
            raise _no_letter(run.run_id, facts, len(replies))
        result = summarise(records, suite, run_id=run.run_id, digest=generator.digest).model_copy(
            update={
                "template": template,
                "precision": generator.precision,
                "generation": facts,
            }
        )
        robustness = with_leaks(robustness_of(records, seed=SEED), leaks, records)
        found = Examination(suite, training.scoring, result, records, robustness, written)
        keep(run, request.out, found, at_milliseconds)
    return result


def _check_possible(request: EvaluateRequest) -> None:
    if request.explain:
        raise BadInput(
            "an explanation is compared with the scored letter, and the protocol generate"
            " scores none.",
            mend="Leave out --explain, or take the protocol scored.",
        )
    if request.cluster is not None:
        raise BadInput(
            "a cluster scores, and the protocol generate writes.",
            mend="Leave out --engine ray, or take the protocol scored.",
        )


def _no_letter(run_id: str, facts: GenerationFacts, questions: int) -> EmptySample:
    """Without a letter there is no accuracy, and so no result that files could stand beside; what
    is known instead is in the run by then, and said."""
    published = facts.as_published
    by_rules = f"; by CodeMMLU's own rules {published.estimate:.1%}" if published else ""
    return EmptySample(
        "accuracy",
        f"none of the {questions} questions was answered with a letter"
        f" ({facts.unparsed} replies state none, {facts.cut} of all met the limit of"
        f" {facts.max_new_tokens} tokens, {facts.unanswered} prompts left no room{by_rules}):"
        f" run {run_id} holds evaluation/{REPLIES}, which shows what was written, and"
        f" evaluation/{GENERATION}, which counts it",
    )


# -------------------------------------------------------------------- explanations


@dataclass(frozen=True)
class Explainer:
    """A checkpoint that explains the first ``count`` questions of a suite."""

    request: EvaluateRequest
    suite: Suite
    generator: Generator
    count: int

    @classmethod
    def ready(cls, request: EvaluateRequest, training: TrainingResult, suite: Suite) -> Explainer:
        """One that was found able to, its weights not yet read. Raises ``CannotWrite``,
        ``CheckpointInvalid``, ``DigestMismatch``."""
        check_writes(training, "explain")
        generator = _generator(request, training.digest)
        check_asks(generator.tokenizer, EXPLAINED_BY, suite.questions, "explain")
        return cls(request, suite, generator, min(request.explain, len(suite.questions)))

    def explained(
        self,
        run: EvaluationRun,
        records: Sequence[QuestionRecord],
        result: EvaluationResult,
        progress: Callable[[int], None],
    ) -> tuple[EvaluationResult, dict[str, str]]:
        """``result`` with how the explanations agree with ``records``, and the explanations as
        the text of their file; they are logged."""
        agreement, replies = explain(
            self.generator,
            self.suite,
            records,
            self.count,
            _limits(self.request),
            progress,
            _store(self.request, self.generator, EXPLAINED_BY),
        )
        text = replies_text(replies)
        run.log_written(EXPLANATIONS, text)
        return result.model_copy(update={"explanation": agreement}), {EXPLANATIONS: text}


def _generator(request: EvaluateRequest, digest: str) -> Generator:
    params = request.params.evaluate
    return Generator.load(
        request.checkpoint,
        expected_digest=digest,
        precision=params.precision,
        device=params.device,
        lazy=True,
    )


def _limits(request: EvaluateRequest) -> Limits:
    params = request.params.evaluate
    return Limits(params.max_new_tokens, params.batch_tokens)


def _store(request: EvaluateRequest, generator: Generator, template: str) -> ReplyStore:
    return ReplyStore(
        request.scores,
        generator.identity,
        template,
        request.params.evaluate.max_new_tokens,
        fresh=request.fresh,
        say=request.say,
    )
