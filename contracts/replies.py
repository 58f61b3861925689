"""A reasoned reply: how the right choice of a question is found, in parts.

One JSON object a line of the file that ``finetune.replies_file`` names.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.questions import Letter, Question, letters_for
from contracts.shape import Shape

Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class ReasonedReply(Shape):
    """``analysis`` says of every choice why it is right or wrong. Raises pydantic
    ``ValidationError`` on a bad one."""

    question: str = Field(min_length=1, description="id of the question")
    understanding: Prose
    analysis: dict[Letter, Prose]
    reasoning: Prose
    conclusion: Prose
    answer: Letter

    @model_validator(mode="after")
    def _of_its_choices(self) -> Self:
        if self.answer not in self.analysis:
            raise ValueError(f"the analysis says nothing of the answer {self.answer}")
        return self

    def check(self, question: Question) -> None:
        """Refuse (``ValueError``) a reply that does not fit ``question``: another answer than
        the right one, or an analysis that is not of each of its choices."""
        letters = letters_for(len(question.choices))
        if set(self.analysis) != set(letters):
            found = "".join(sorted(self.analysis))
            raise ValueError(f"the analysis is of the choices {found}, and there are {letters}")
        if self.answer != question.answer:
            raise ValueError(f"the answer is {self.answer}, and the right one {question.answer}")
