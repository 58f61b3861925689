"""Answers on the wire: what a caller sends, what it gets, and problems (RFC 9457)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from contracts.models import Digest, ScoringMethod, VersionFacts
from contracts.questions import (
    MOST_CHOICES,
    Choice,
    Choices,
    Code,
    Letter,
    Question,
    Stem,
    check_choices,
    letters_for,
)
from contracts.shape import Shape

MOST_IN_A_BATCH: Final = 64
"""Questions of one request for many answers."""

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


def _listed(given: Any) -> Any:
    """Choices by letter as a list; the letters must be the first ones, in any order."""
    if not isinstance(given, dict):
        return given
    letters = letters_for(len(given))
    if len(given) > MOST_CHOICES or set(given) != set(letters):
        wanted = f"A to {letters[-1]}" if letters else "A, B and so on"
        raise ValueError(f"the letters must be {wanted}, each once")
    return [given[letter] for letter in letters]


_ListOrMapping = Annotated[
    Choices,
    BeforeValidator(_listed, json_schema_input_type=Choices | dict[Letter, Choice]),
]


class AnswerRequest(Shape):
    """A question asked: no id, no gold. ``choices`` is a list, or a mapping from the letters
    that the choices have; it is kept as a list."""

    question: Stem = Field(examples=["What does this code print?"])
    code: Code | None = Field(default=None, examples=["print('ab' * 2)"])
    choices: _ListOrMapping = Field(
        examples=[["abab", "aabb", "ab2", "ab"], {"A": "abab", "B": "aabb"}]
    )

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
    """What the gateway returns: the answer, and the id to quote about it.

    ``cached``: given before to the same question by the same version. ``fallback``: the
    version on trial should have answered and failed, so the stable one did.
    """

    request_id: str
    cached: bool = False
    fallback: bool = False


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


class AnswersReply(Shape):
    """What an answerer says of questions asked together: ``answers[i]`` is about
    ``questions[i]``, or a problem in its place."""

    answers: tuple[Answer | Problem, ...]


class BatchRequest(Shape):
    """Questions asked together. Each is judged by itself: a bad one spoils no other, so they
    are read one by one (``AnswerRequest``)."""

    questions: tuple[Any, ...] = Field(min_length=1, max_length=MOST_IN_A_BATCH)


class BatchItem(Shape):
    """What became of one question of a batch: an answer or a problem."""

    item: int = Field(ge=0, description="place in the request, from 0")
    answer: AnswerReply | None = None
    problem: Problem | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.answer is None) == (self.problem is None):
            raise ValueError("either answer or problem, and not both")
        return self


class BatchReply(Shape):
    """``items[i]`` is about ``questions[i]``."""

    request_id: str
    items: tuple[BatchItem, ...]


class FeedbackRequest(Shape):
    """What a caller found out about an answer: the right letter, or thumbs."""

    request_id: str = Field(min_length=1, max_length=128, examples=["5f0c1e"])
    item: int = Field(default=0, ge=0, lt=MOST_IN_A_BATCH, description="place in its batch")
    letter: Letter | None = Field(default=None, examples=["A"])
    thumbs: Literal["up", "down"] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.letter is None) == (self.thumbs is None):
            raise ValueError("either letter or thumbs is wanted, and not both")
        return self


class FeedbackReply(Shape):
    """It is on disk. ``recorded_at``: UTC, ISO 8601."""

    request_id: str
    item: int
    recorded_at: str
