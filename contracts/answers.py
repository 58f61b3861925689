"""Answers on the wire: what a caller sends, what it gets, and problems (RFC 9457)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from contracts.models import Digest, ScoringMethod, VersionFacts
from contracts.questions import Choices, Code, Letter, Question, Stem, check_choices
from contracts.shape import Shape

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class AnswerRequest(Shape):
    """A question asked: no id, no gold."""

    question: Stem = Field(examples=["What does this code print?"])
    code: Code | None = Field(default=None, examples=["print('ab' * 2)"])
    choices: Choices = Field(examples=[["abab", "aabb", "ab2", "ab"]])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.question.strip():
            raise ValueError("the question is blank")
        check_choices(self.choices)
        return self

    def as_question(self, identity: str) -> Question:
        return Question(id=identity, stem=self.question, code=self.code, choices=self.choices)


class AnsweredBy(Shape):
    """The version that answered."""

    model: str
    version: str
    digest: Digest
    scoring: ScoringMethod

    @classmethod
    def of(cls, facts: VersionFacts) -> Self:
        return cls(
            model=facts.model, version=facts.version, digest=facts.digest, scoring=facts.scoring
        )


class Answer(Shape):
    """``probabilities`` has a number for every choice's letter and sums to 1;
    ``confidence`` is the largest of them, ``letter`` its letter (the first on a tie)."""

    letter: Letter
    probabilities: dict[Letter, Probability]
    confidence: Probability
    version: AnsweredBy


class AnswerReply(Answer):
    """What the gateway returns: the answer, and the id to quote about it."""

    request_id: str


class LiveVersion(AnsweredBy):
    """A version that answers now, and the slot that it answers in."""

    slot: str


class LiveVersions(Shape):
    """What is live, stable first."""

    versions: tuple[LiveVersion, ...]


class Problem(Shape):
    """RFC 9457 problem details, with two extension members: ``request_id`` to quote, and
    ``errors``, one line a fault of the input."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: tuple[str, ...] = ()
