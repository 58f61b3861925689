"""What a version makes of the choices alone: the suite's questions, asked without a question.

The same choices, template, shots and precision; in place of every stem and code, the shots'
too, stands one sentence that the question is not shown. What is right above guessing the model
drew from the choices: from what they give away, or from having seen them.

Source: N. Balepur et al., "Artifacts or Abduction", arXiv:2402.12483, section 3 (choices-only
prompts).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from contracts.questions import Question
from contracts.robustness import UnreadReport
from contracts.verdicts import Interval
from evaluation.defaults import LEVEL
from evaluation.run import Asking, Scores, score_questions
from evaluation.samples import sample_faults
from evaluation.shots import Shots
from stats.intervals import wilson

STEM: Final = "The question is not shown."


def unread(question: Question) -> Question:
    """``question`` with its choices and its answer, and no question."""
    return question.model_copy(update={"stem": STEM, "code": None, "proof": None})


def asked_unread(
    questions: Sequence[Question], asking: Asking
) -> tuple[Sequence[Question], Asking]:
    """What the version is asked of ``questions``, and how."""
    shots = Shots(tuple(unread(shot) for shot in asking.shots.every), asking.shots.by)
    return [unread(one) for one in questions], replace(asking, orders="single", shots=shots)


def accuracy_unread(
    scorer: Scores,
    questions: Sequence[Question],
    asking: Asking,
    progress: Callable[[int], None] = lambda _done: None,
) -> UnreadReport | None:
    """Of ``questions``, which know their answers; ``None`` where none could be scored. Only the
    first order of the choices is asked."""
    answers = score_questions(scorer, *asked_unread(questions, asking), progress)
    scored = [
        (question, answer.choice)
        for question, answer in zip(questions, answers, strict=True)
        if answer.choice is not None
    ]
    if not scored:
        return None
    correct = sum(question.gold == choice for question, choice in scored)
    with sample_faults():
        found = wilson(correct, len(scored), LEVEL)
    return UnreadReport(
        questions_count=len(scored),
        correct_count=correct,
        accuracy=Interval(**found._asdict(), level=LEVEL),
        chance=sum(1 / len(question.choices) for question, _ in scored) / len(scored),
    )
