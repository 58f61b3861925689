"""What a version is asked beside its suite: validation questions for its temperature, and the
suite's first questions by their choices alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from contracts.questions import Question
from contracts.robustness import UnreadReport
from contracts.verdicts import FittedTemperature
from evaluation.request import EvaluateRequest
from evaluation.run import Asking, Scores
from evaluation.suite import Suite
from evaluation.temperature import asked_once, fitted_temperature, read_validation
from evaluation.unread import accuracy_unread, asked_unread


@dataclass(frozen=True)
class Beside:
    """``validation`` questions are from the file ``source``; ``unread`` ones are the suite's."""

    suite: Suite
    validation: Sequence[Question]
    unread: Sequence[Question]
    source: Path | None

    @classmethod
    def of(cls, request: EvaluateRequest, suite: Suite) -> Self:
        """Says why there is nothing to fit a temperature on, where something was given. Raises
        what loaders raise."""
        params = request.params.evaluate
        count = params.validation_questions
        validation = read_validation(request.validation, suite, count)
        if request.validation is not None and count and not validation:
            request.say(
                f"{request.validation}: no question can be asked as the suite's are; no temperature"
                " is fitted"
            )
        unread = suite.questions[: params.unread_questions]
        return cls(suite, validation, unread, request.validation)

    @property
    def count(self) -> int:
        return len(self.validation) + len(self.unread)

    def asked(self, asking: Asking) -> tuple[tuple[Sequence[Question], Asking], ...]:
        """All questions, and how each of them is asked."""
        return asked_once(self.validation, asking), asked_unread(self.unread, asking)

    def found(
        self, scorer: Scores, asking: Asking, progress: Callable[[int], None]
    ) -> tuple[FittedTemperature | None, UnreadReport | None]:
        """``None`` where no question could be scored."""
        temperature = fitted_temperature(
            scorer,
            self.validation,
            asking,
            progress,
            families={question.family for question in self.suite.questions},
            source=self.source,
        )
        before = len(self.validation)
        alone = accuracy_unread(scorer, self.unread, asking, lambda done: progress(before + done))
        return temperature, alone
