"""Reads what an answerer replied, and believes nothing that it did not check.

A reply counts as an answer only when it has the shape of one, names a probability for
exactly the question's letters, is consistent in itself and comes from the version that
the plan says. Of many answers each is judged by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from contracts.answers import Answer, AnswerRequest, Problem
from contracts.errors import (
    AnswererAway,
    AnswererBroken,
    DeadlinePassed,
    ProctorError,
    QuestionNotScored,
)
from contracts.questions import letters_for
from contracts.shape import Shape
from contracts.traffic import Slot
from gateway.deadlines import Deadline
from gateway.plan import Backend
from gateway.posed import Posed

Told = Answer | ProctorError
"""What became of a question: an answer that was checked, or why there is none."""

OK: Final = 200
_UNPROCESSABLE: Final = 422
_TOO_LATE: Final = 504
_AWAY: Final = frozenset({429, 503})
_SUM_TOLERANCE: Final = 1e-6


class _Answers(Shape):
    """The reply to many questions: an answer or a problem for each, in their order."""

    answers: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ReplyReader:
    """Reads replies of what answers in ``slot``, which was given until ``deadline``."""

    slot: Slot
    backend: Backend
    deadline: Deadline

    def read(self, questions: Sequence[Posed], status: int, body: bytes) -> list[Told]:
        """What a whole reply says of each question."""
        if status != OK:
            return [self._refusal(status, body)] * len(questions)
        if len(questions) == 1:
            return [self._single(questions[0].question, body)]
        try:
            items = _Answers.model_validate_json(body).answers
        except ValidationError:
            return [self._broken("its reply has not the shape of answers")] * len(questions)
        if len(items) != len(questions):
            reason = f"it answered {len(items)} questions of {len(questions)}"
            return [self._broken(reason)] * len(questions)
        return [
            self._item(posed.question, item) for posed, item in zip(questions, items, strict=True)
        ]

    def _broken(self, reason: str) -> AnswererBroken:
        return AnswererBroken(self.slot, reason)

    def _single(self, question: AnswerRequest, body: bytes) -> Told:
        try:
            answer = Answer.model_validate_json(body)
        except ValidationError:
            return self._broken("its reply has not the shape of an answer")
        return self._checked(question, answer)

    def _item(self, question: AnswerRequest, item: dict[str, Any]) -> Told:
        try:
            if "letter" not in item:
                return self._problem(Problem.model_validate(item))
            answer = Answer.model_validate(item)
        except ValidationError:
            return self._broken("an item of its reply is neither answer nor problem")
        return self._checked(question, answer)

    def _refusal(self, status: int, body: bytes) -> ProctorError:
        """What a status other than 200 means here."""
        if status != _UNPROCESSABLE:
            return self._by_status(status)
        try:
            return self._problem(Problem.model_validate_json(body))
        except ValidationError:
            return self._broken("it refused the question without a reason")

    def _problem(self, problem: Problem) -> ProctorError:
        if problem.status == _UNPROCESSABLE:
            return QuestionNotScored("; ".join(problem.errors) or problem.title)
        return self._by_status(problem.status)

    def _by_status(self, status: int) -> ProctorError:
        if status in _AWAY:
            return AnswererAway(self.slot, "it is not ready or overloaded")
        if status == _TOO_LATE:
            return DeadlinePassed(self.slot, self.deadline.seconds)
        return self._broken(f"it answered with status {status}")

    def _checked(self, question: AnswerRequest, answer: Answer) -> Told:
        letters = letters_for(len(question.choices))
        shares = answer.probabilities
        if sorted(shares) != list(letters):
            return self._broken(f"its probabilities are not those of the choices {letters}")
        if not math.isclose(math.fsum(shares.values()), 1.0, rel_tol=0.0, abs_tol=_SUM_TOLERANCE):
            return self._broken("its probabilities do not sum to 1")
        best = max(letters, key=lambda letter: shares[letter])  # type: ignore[index]
        if answer.letter != best or answer.confidence != shares[answer.letter]:
            return self._broken("its letter is not its most probable choice")
        if answer.version != self.backend.version:
            found, wanted = answer.version, self.backend.version
            return self._broken(
                f"{found.model}/{found.version} ({found.digest[:19]}...) answered where"
                f" {wanted.model}/{wanted.version} ({wanted.digest[:19]}...) should"
            )
        # The plan's own object: a cache of answers then holds each version once.
        return answer.model_copy(update={"version": self.backend.version})
