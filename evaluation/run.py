"""From a suite and a scorer to records, and from records to a result.

A question that could not be scored stays in the records with no letter: it is counted,
never as wrong. What a store of scores holds is not scored again. Knows no MLflow; the scorer
and the store are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, cast

from contracts.digests import digest_of_bytes
from contracts.errors import EmptySample
from contracts.questions import LETTERS, Letter, Question
from contracts.verdicts import EvaluationResult, QuestionRecord
from evaluation.metrics.accuracy import accuracy_by, accuracy_of
from evaluation.results import records_text
from evaluation.scores import Found, ScoreStore, content_digest
from evaluation.suite import Suite
from mcq.orders import Orders
from mcq.scoring.scored import Scored

# The level of what evaluations report; the gate computes its own from params.yaml.
LEVEL: Final = 0.95


class Scores(Protocol):
    """What is asked of a scorer (``mcq.scorer.Scorer``)."""

    def score(
        self,
        questions: Sequence[Question],
        *,
        shots: Sequence[Question],
        orders: Orders,
        batch_tokens: int,
        progress: Callable[[int], None],
        on_batch: Callable[[Sequence[int], Sequence[Scored]], None],
    ) -> Sequence[Scored]: ...


@dataclass(frozen=True)
class Asking:
    """How questions are asked, beside the scorer: ``shots`` shown before each, ``orders`` of
    the choices, padded tokens of a pass, and where scores are kept. ``fresh`` scores what the
    store has again; without a ``store`` nothing is kept. ``say`` hears of damaged lines."""

    batch_tokens: int
    shots: tuple[Question, ...] = ()
    orders: Orders = "single"
    store: ScoreStore | None = None
    fresh: bool = False
    say: Callable[[str], None] = lambda _text: None


def score_questions(
    scorer: Scores,
    questions: Sequence[Question],
    asking: Asking,
    progress: Callable[[int], None] = lambda _done: None,
) -> list[Scored]:
    """An answer for each question, in order: from the store, and from the scorer for the rest,
    each batch stored before ``progress`` hears of it. With all in the store the scorer is not
    asked at all."""
    store = asking.store
    digests = [content_digest(question, asking.orders) for question in questions]
    found = Found() if store is None or asking.fresh else store.read()
    if store is not None and found.dropped:
        asking.say(
            f"{store.path}: {found.dropped} damaged lines were passed over; what they held is"
            " scored again"
        )
    answers = {
        place: found.answers[digest]
        for place, digest in enumerate(digests)
        if digest in found.answers
    }
    missing = [place for place in range(len(questions)) if place not in answers]
    known = len(answers)
    progress(known)

    def keep(batch: Sequence[int], scored: Sequence[Scored]) -> None:
        if store is not None:
            store.add([digests[missing[place]] for place in batch], scored)

    if missing:
        scored = scorer.score(
            [questions[place] for place in missing],
            shots=asking.shots,
            orders=asking.orders,
            batch_tokens=asking.batch_tokens,
            progress=lambda done: progress(known + done),
            on_batch=keep,
        )
        answers.update(zip(missing, scored, strict=True))
    return [answers[place] for place in range(len(questions))]


def score_suite(
    scorer: Scores,
    suite: Suite,
    asking: Asking,
    progress: Callable[[int], None] = lambda _done: None,
) -> tuple[QuestionRecord, ...]:
    """One record a question, in the suite's order; its shots are shown, whatever ``asking``
    says of them."""
    answers = score_questions(scorer, suite.questions, replace(asking, shots=suite.shots), progress)
    return tuple(
        record_of(question, answer)
        for question, answer in zip(suite.questions, answers, strict=True)
    )


def record_of(question: Question, answer: Scored) -> QuestionRecord:
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
        kind=question.kind,
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
        protocol=suite.protocol,
        template=suite.template,
        shots=len(suite.shots),
        digest=digest,
        records_digest=digest_of_bytes(records_text(records).encode()),
        questions=len(records),
        unscored=len(records) - overall.questions,
        correct=overall.correct,
        accuracy=overall.accuracy,
        by_family=accuracy_by(records, "family", LEVEL),
        by_difficulty=accuracy_by(records, "difficulty", LEVEL),
    )
