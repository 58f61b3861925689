"""A suite: the held-out questions that versions are compared on, always the same ones.

A suite is chosen by the digest of each question's id, not by the file's order: the same
questions come in the same order however the file was written, and a larger suite holds
the smaller one. Knows no model and no results.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import BadInput
from contracts.questions import Question
from mcq.loaders import load_questions, questions_digest


@dataclass(frozen=True)
class Suite:
    """``digest`` covers the questions in this order; ``source`` is the file they are from."""

    name: str
    questions: tuple[Question, ...]
    digest: str
    source: Path


def read_suite(path: Path, name: str, max_questions: int) -> Suite:
    """The suite ``name`` out of a question file. Raises ``BadInput`` for a question that
    does not know its answer, and whatever ``load_questions`` raises."""
    questions = load_questions(path)
    for question in questions:
        if question.answer is None:
            raise BadInput(
                f"{path}: question {question.id} does not know its answer.",
                mend="A suite is made of questions with answers: add it or leave the question out.",
            )
    chosen = sorted(questions, key=_place)[:max_questions]
    return Suite(name, tuple(chosen), questions_digest(chosen), path)


def _place(question: Question) -> str:
    return hashlib.sha256(question.id.encode()).hexdigest()
