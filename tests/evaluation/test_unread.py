from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.questions import Question
from evaluation.run import Asking
from evaluation.scores import ScoreStore
from evaluation.shots import Shots
from evaluation.unread import STEM, accuracy_unread, unread
from mcq.orders import Orders
from mcq.scorer import Scorer
from mcq.scoring.scored import Scored
from tests.evaluation.making import make_questions


class Reader:
    """Takes the gold where it can read the code, and the choice ``else_takes`` where not."""

    def __init__(self, golds: dict[tuple[str, ...], int], else_takes: int) -> None:
        self._golds = golds
        self._else_takes = else_takes
        self.heard: list[Question] = []

    def digests(
        self, questions: Sequence[Question], *, shots: Sequence[Question], orders: Orders
    ) -> Sequence[str]:
        raise AssertionError(
            f"nothing is kept, so nothing is looked up: {questions, shots, orders}"
        )

    def score(
        self,
        questions: Sequence[Question],
        *,
        shots: Sequence[Question],
        orders: Orders,
        **_: Any,
    ) -> Sequence[Scored]:
        assert orders == "single"
        self.heard += [*questions, *shots]
        found = []
        for one in questions:
            best = self._else_takes if one.stem == STEM else self._golds[one.choices]
            found.append(
                Scored(tuple(0.7 if place == best else 0.1 for place in range(4)), (0.0,) * 4)
            )
        return found


def test_who_reads_the_question_has_nothing_but_the_choices() -> None:
    questions = make_questions(30)
    scorer = Reader({one.choices: one.gold or 0 for one in questions}, else_takes=1)
    found = accuracy_unread(
        scorer, questions[:20], Asking(512, orders="cyclic", shots=Shots(tuple(questions[20:23])))
    )
    assert found is not None
    assert found.questions_count == 20
    assert found.correct_count == sum(one.gold == 1 for one in questions[:20])
    assert found.accuracy.lower < found.accuracy.estimate < found.accuracy.upper
    assert found.chance == pytest.approx(0.25)
    assert len(scorer.heard) == 23
    for one in scorer.heard:
        assert (one.stem, one.code, one.proof) == (STEM, None, None)


def test_only_the_question_is_taken_away() -> None:
    (question,) = make_questions(1)
    hidden = unread(question)
    assert hidden.choices == question.choices
    assert (hidden.id, hidden.answer, hidden.family) == (
        question.id,
        question.answer,
        question.family,
    )


def test_without_questions_there_is_no_figure(tiny_checkpoint: Path) -> None:
    assert accuracy_unread(Scorer.load(tiny_checkpoint), (), Asking(512)) is None


def test_what_does_not_fit_is_left_out_and_answers_are_kept(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    questions = make_questions(6)
    long = tuple(f"{number} " * 600 for number in range(4))
    questions[2] = questions[2].model_copy(update={"choices": long})
    scorer = Scorer.load(tiny_checkpoint)
    asking = Asking(512, store=ScoreStore(tmp_path, scorer.identity.digest))
    found = accuracy_unread(scorer, questions, asking)
    assert found is not None
    assert found.questions_count == 5
    batches = 0

    def counted(_module: Any, _given: Any) -> None:
        nonlocal batches
        batches += 1

    hook = scorer.model._model.register_forward_pre_hook(counted)
    try:
        assert accuracy_unread(scorer, questions, asking) == found
    finally:
        hook.remove()
    assert batches == 0
