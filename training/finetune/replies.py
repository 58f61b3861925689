"""What the model is to reply: the answer alone, or a reasoned reply that ends in it.

Reasoned replies come from a JSONL file (``contracts.replies``). Every row is checked
against its question before any is used; a bad one is refused with file and line. So is a
row whose question is in neither the training nor the validation split: it may be a
held-out one, and learning from it would spoil the examination.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from contracts.errors import BadInput, BadRow
from contracts.models import ScoringMethod
from contracts.questions import Question
from contracts.replies import ReasonedReply
from mcq.prompts import REASONED_PARTS


def answer_text(question: Question, scoring: ScoringMethod) -> str:
    """What ``scoring`` looks for: the letter of the right choice, or its text. Raises
    ``BadInput`` for a question without an answer."""
    if question.gold is None or question.answer is None:
        raise BadInput(f"question {question.id} has no answer to learn from.")
    return question.answer if scoring == "letter" else question.choices[question.gold]


def reasoned_text(reply: ReasonedReply) -> str:
    """The five parts that the template ``reasoned-1`` asks for, each ``Name: text``, the
    analysis with a line a choice; the last character is the answer's letter."""
    analysis = "".join(f"\n  {letter}: {text}" for letter, text in sorted(reply.analysis.items()))
    parts = (
        f" {reply.understanding}",
        analysis,
        f" {reply.reasoning}",
        f" {reply.conclusion}",
        f" {reply.answer}",
    )
    return "\n".join(f"{name}:{text}" for name, text in zip(REASONED_PARTS, parts, strict=True))


def read_replies(path: Path, known: Mapping[str, Question]) -> dict[str, ReasonedReply]:
    """Replies by question id, in the file's order. ``known``: the questions that may be
    learned from, by id. Raises ``BadRow``, and ``BadInput`` without a file or any row."""
    if not path.is_file():
        raise BadInput(
            f"{path}: there is no such file.", mend="Set finetune.replies_file in params.yaml."
        )
    replies: dict[str, ReasonedReply] = {}
    for line, reply in _rows(path):
        question = known.get(reply.question)
        if question is None:
            raise BadRow(
                path,
                line,
                f"question {reply.question} is in neither the training nor the validation split",
            )
        if reply.question in replies:
            raise BadRow(path, line, f"a second reply to question {reply.question}")
        try:
            reply.check(question)
        except ValueError as error:
            raise BadRow(path, line, str(error)) from error
        replies[reply.question] = reply
    if not replies:
        raise BadInput(f"{path} holds no reply.")
    return replies


def _rows(path: Path) -> Iterator[tuple[int, ReasonedReply]]:
    with path.open("rb") as stream:
        for line, raw in enumerate(stream, start=1):
            if not raw.strip():
                continue
            try:
                yield line, ReasonedReply.model_validate_json(raw)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(str(part) for part in first["loc"])
                reason = str(first["msg"]).removeprefix("Value error, ")
                raise BadRow(path, line, f"{where}: {reason}" if where else reason) from error
