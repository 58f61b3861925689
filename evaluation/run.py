"""From a suite and a scorer to records, and from records to a result.

A question that could not be scored stays in the records with no letter: it is counted,
never as wrong. What a store of scores holds is not scored again. Knows no MLflow; the scorer
and the store are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol, cast

from contracts.digests import digest_of_bytes
from contracts.errors import EmptySample
from contracts.questions import LETTERS, Letter, Question
from contracts.verdicts import EvaluationResult, QuestionRecord
from evaluation.defaults import LEVEL
from evaluation.metrics.accuracy import accuracy_by, accuracy_of
from evaluation.results import records_text
from evaluation.scores import ScoreIndex, ScoreStore
from evaluation.shots import NO_SHOTS, Shots
from evaluation.suite import Suite
from mcq.orders import Orders
from mcq.scoring.scored import Scored

# Of a suite that is not in memory as a whole, so much is: its tokens, of 400 tokens a question,
# are some 10 MB.
WINDOW_QUESTIONS: Final = 1_024


class Scores(Protocol):
    """What is asked of a scorer (``mcq.scorer.Scorer``)."""

    def digests(
        self, questions: Sequence[Question], *, shots: Sequence[Question], orders: Orders
    ) -> Sequence[str]: ...

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
class Group:
    """Questions that are shown the same ``shots``, by their ``places``; ``store`` keeps what
    was scored after these."""

    shots: tuple[Question, ...]
    places: tuple[int, ...]
    store: ScoreStore | None


@dataclass(frozen=True)
class Asking:
    """How questions are asked, beside the scorer: ``shots`` shown before each, ``orders`` of
    the choices, padded tokens of a pass, and where scores are kept: beside ``store``, a file for
    each group's shots. ``fresh`` scores what is kept again; without a ``store`` nothing is kept.
    ``say`` hears of damaged lines."""

    batch_tokens: int
    shots: Shots = NO_SHOTS
    orders: Orders = "single"
    store: ScoreStore | None = None
    fresh: bool = False
    say: Callable[[str], None] = lambda _text: None

    def groups(self, questions: Sequence[Question]) -> list[Group]:
        """Together they have every place once."""
        return [
            Group(shots, places, None if self.store is None else self.store.showing(shots))
            for shots, places in self.shots.groups(questions)
        ]

    def known(
        self, scorer: Scores, questions: Sequence[Question], group: Group
    ) -> Iterator[tuple[int, Scored]]:
        """What need not be scored again, with its place, one after the other as it is read."""
        index = self._index(group)
        if index is None:
            return
        if index.dropped and group.store is not None:
            self.say(
                f"{group.store.path}: {index.dropped} damaged lines were passed over; what they"
                " held is scored again"
            )
        for place, digest in self._digests(scorer, questions, group) if index else ():
            answer = index.get(digest)
            if answer is not None:
                yield place, answer

    def has_all(self, scorer: Scores, questions: Sequence[Question]) -> bool:
        """Whether the stores answer every question; hears of no damaged line."""
        for group in self.groups(questions):
            index = self._index(group)
            if index is None or any(
                digest not in index for _, digest in self._digests(scorer, questions, group)
            ):
                return False
        return True

    def _index(self, group: Group) -> ScoreIndex | None:
        return None if group.store is None or self.fresh else group.store.index()

    def _digests(
        self, scorer: Scores, questions: Sequence[Question], group: Group
    ) -> Iterator[tuple[int, str]]:
        """Of what each question asks, with its place; a window's texts are in memory together."""
        for first in range(0, len(group.places), WINDOW_QUESTIONS):
            places = group.places[first : first + WINDOW_QUESTIONS]
            asked = [questions[place] for place in places]
            digests = scorer.digests(asked, shots=group.shots, orders=self.orders)
            yield from zip(places, digests, strict=True)


def score_questions(
    scorer: Scores,
    questions: Sequence[Question],
    asking: Asking,
    progress: Callable[[int], None] = lambda _done: None,
) -> list[Scored]:
    """An answer for each question, in order: from its group's store, and from the scorer for the
    rest, group by group, each batch stored before ``progress`` hears of it. With all in the
    stores the scorer is not asked at all."""
    groups = asking.groups(questions)
    answers: dict[int, Scored] = {}
    for group in groups:
        answers.update(asking.known(scorer, questions, group))
    progress(len(answers))
    for group in groups:
        missing = [place for place in group.places if place not in answers]
        if not missing:
            continue
        scored = scorer.score(
            [questions[place] for place in missing],
            shots=group.shots,
            orders=asking.orders,
            batch_tokens=asking.batch_tokens,
            progress=partial(_progress_after, len(answers), progress),
            on_batch=partial(_keep, group.store),
        )
        answers.update(zip(missing, scored, strict=True))
    return [answers[place] for place in range(len(questions))]


def _progress_after(known: int, progress: Callable[[int], None], done: int) -> None:
    progress(known + done)


def _keep(store: ScoreStore | None, _batch: Sequence[int], scored: Sequence[Scored]) -> None:
    if store is not None:
        store.add(scored)


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
        shots=suite.shots.count,
        shots_by=suite.shots.by,
        digest=digest,
        records_digest=digest_of_bytes(records_text(records).encode()),
        questions=len(records),
        unscored=len(records) - overall.questions,
        correct=overall.correct,
        accuracy=overall.accuracy,
        by_family=accuracy_by(records, "family", LEVEL),
        by_difficulty=accuracy_by(records, "difficulty", LEVEL),
    )
