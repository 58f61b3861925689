"""From a suite and a scorer to records, and from records to a result.

A question that could not be scored stays in the records with no letter: it is counted,
never as wrong. Knows no MLflow and writes no file; the scorer is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, cast

from contracts.digests import digest_of_bytes
from contracts.errors import EmptySample
from contracts.questions import LETTERS, Letter, Question
from contracts.verdicts import EvaluationResult, QuestionRecord
from evaluation.metrics.accuracy import accuracy_by, accuracy_of
from evaluation.results import records_text
from evaluation.suite import Suite
from mcq.orders import Orders

# The level of what evaluations report; the gate computes its own from params.yaml.
LEVEL: Final = 0.95


class ScoredQuestion(Protocol):
    """What a scorer says of one question (``mcq.scorer.Scored``)."""

    @property
    def probabilities(self) -> tuple[float, ...]: ...
    @property
    def choice(self) -> int | None: ...
    @property
    def confidence(self) -> float | None: ...
    @property
    def option_mass(self) -> float | None: ...
    @property
    def orders(self) -> tuple[tuple[float, ...], ...]: ...


class Scores(Protocol):
    """What is asked of a scorer (``mcq.scorer.Scorer``)."""

    @property
    def digest(self) -> str: ...

    def score(
        self,
        questions: Sequence[Question],
        *,
        shots: Sequence[Question],
        orders: Orders,
        batch_tokens: int,
        progress: Callable[[int], None],
    ) -> Sequence[ScoredQuestion]: ...


def score_suite(
    scorer: Scores,
    suite: Suite,
    *,
    batch_tokens: int,
    orders: Orders = "single",
    progress: Callable[[int], None] = lambda _done: None,
) -> tuple[QuestionRecord, ...]:
    """One record a question, in the suite's order; the suite's shots stand before each."""
    scored = scorer.score(
        suite.questions,
        shots=suite.shots,
        orders=orders,
        batch_tokens=batch_tokens,
        progress=progress,
    )
    return tuple(
        record_of(question, answer)
        for question, answer in zip(suite.questions, scored, strict=True)
    )


def record_of(question: Question, answer: ScoredQuestion) -> QuestionRecord:
    """The record of one answer; ``misconception`` is that of the wrong choice it took."""
    if question.answer is None:
        raise ValueError(f"question {question.id} does not know its answer")
    choice = answer.choice
    letter = None if choice is None else cast("Letter", LETTERS[choice])
    wrong = choice is not None and letter != question.answer
    return QuestionRecord(
        id=question.id,
        family=question.family,
        difficulty=question.difficulty,
        kind=question.kind,
        gold=question.answer,
        letter=letter,
        correct=None if letter is None else letter == question.answer,
        confidence=answer.confidence,
        probabilities=answer.probabilities,
        misconception=(
            question.misconceptions[choice]
            if wrong and choice is not None and question.misconceptions
            else None
        ),
        option_mass=answer.option_mass,
        orders=answer.orders,
    )


def summarise(
    records: Sequence[QuestionRecord], suite: Suite, *, run_id: str, digest: str
) -> EvaluationResult:
    """The result over ``records``: accuracy of the scored ones, overall and by group.

    A family or difficulty of which nothing was scored has no accuracy and is left out.
    Raises ``EmptySample`` when no question was scored.
    """
    overall = accuracy_of(records, LEVEL)
    if overall is None:
        raise EmptySample("accuracy", f"none of the {len(records)} questions could be scored")
    return EvaluationResult(
        run_id=run_id,
        suite=suite.name,
        suite_digest=suite.digest,
        digest=digest,
        records_digest=digest_of_bytes(records_text(records).encode()),
        questions=len(records),
        unscored=len(records) - overall.questions,
        correct=overall.correct,
        accuracy=overall.accuracy,
        by_family=accuracy_by(records, "family", LEVEL),
        by_difficulty=accuracy_by(records, "difficulty", LEVEL),
    )
