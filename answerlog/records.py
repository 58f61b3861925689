"""The words of the answer log: a line, the feedback on it, and what readers get.

A line says what one slot made of one question. What a caller saw is a *live* line; what a
slot said of a copy that no caller waited for is a *shadow* line. Where the version on trial
failed and the stable one answered in its place, both have a live line. Callers are known by
a hash alone; the text of a question is there only where it is to be kept.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.answers import MOST_IN_A_BATCH, AnswerRequest, Probability
from contracts.digests import digest_of_json
from contracts.models import Digest
from contracts.questions import FEWEST_CHOICES, MOST_CHOICES, Letter, letters_for
from contracts.shape import Shape
from contracts.times import Stamp
from contracts.traffic import Salt, Slot

Outcome = Literal["answered", "unscored", "failed"]
"""``unscored``: a sound question that the version cannot score; ``failed``: no answer."""
Role = Literal["live", "shadow"]
CallerSource = Literal["header", "key", "address"]
CALLER_SOURCES: Final[tuple[CallerSource, ...]] = ("header", "key", "address")
Thumbs = Literal["up", "down"]
CallerHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


def caller_hash(source: CallerSource, identity: str) -> CallerHash:
    """How a caller stands in the log: 32 hex digits of SHA-256 over source and identity.

    A pseudonym, not anonymity: who guesses the identity can make the hash."""
    return hashlib.sha256(f"{source}:{identity}".encode()).hexdigest()[:32]


def question_digest(question: AnswerRequest) -> Digest:
    """The same for the same question, however its choices were sent."""
    return digest_of_json(question.model_dump(mode="json"))


class AnswerRecord(Shape):
    """One line of the log. ``probabilities`` are in the order of the letters;
    ``latency_seconds`` is the answerer's part. ``cached`` answers were given before,
    ``fallback`` ones stand in for a failed canary: neither tells how fast a version is.
    """

    request_id: str = Field(min_length=1, max_length=128, description="the request's id")
    item: int = Field(default=0, ge=0, lt=MOST_IN_A_BATCH, description="place in its batch")
    at: Stamp = Field(description="when it was answered, UTC with microseconds")
    key_id: str = Field(max_length=128, description="id of the key that asked, never the key")
    caller: CallerHash = Field(description="hash of the caller that cohorts are drawn by")
    caller_source: CallerSource = Field(description="what the caller is known by")
    slot: Slot = Field(description="the slot that gave it")
    assigned: Slot = Field(description="the slot that the split chose")
    role: Role = Field(description="`live`: the caller's answer; `shadow`: a copy's")
    model: str | None = Field(default=None, description="the model that answered")
    version: str | None = Field(default=None, description="its version")
    digest: Digest | None = Field(default=None, description="digest of its weights")
    outcome: Outcome = Field(description="`answered`, `unscored` or `failed`")
    problem: str | None = Field(default=None, description="slug of the error; see errors.md")
    letter: Letter | None = Field(default=None, description="the letter that was answered")
    confidence: Probability | None = Field(default=None, description="its probability")
    probabilities: tuple[Probability, ...] | None = Field(
        default=None, description="of every choice, a JSON list in the letters' order"
    )
    choices: int = Field(ge=FEWEST_CHOICES, le=MOST_CHOICES, description="number of choices")
    question_digest: Digest = Field(description="digest of question, code and choices")
    question: AnswerRequest | None = Field(
        default=None, description="the question as JSON; null unless texts are kept"
    )
    latency_seconds: float = Field(ge=0.0, description="the answerer's part")
    cached: bool = Field(default=False, description="given before, out of the cache")
    fallback: bool = Field(default=False, description="stands in for a canary that failed")
    salt: Salt = Field(default="", description="the rollout's salt")
    trace_id: str | None = Field(default=None, max_length=64, description="the trace's id")
    generated_explanation: bool = Field(
        default=False, description="the version explained it in words, too"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        answered = self.outcome == "answered"
        if answered != (self.letter is not None) or answered == (self.problem is not None):
            raise ValueError("an answered line has a letter, any other one a problem")
        if self.letter is not None and self.letter not in letters_for(self.choices):
            raise ValueError("the letter is not among the choices")
        if self.probabilities is not None and len(self.probabilities) != self.choices:
            raise ValueError("every choice has one probability")
        return self


class Feedback(Shape):
    """What came back about an answer: the right letter, or thumbs. ``about`` is the line
    that the caller saw; ``seq`` orders feedback, the last one on an answer counts."""

    seq: int
    at: Stamp
    about: int
    letter: Letter | None
    thumbs: Thumbs | None


class Line(Shape):
    """A line in its place (``seq`` rises in the order of writing), with the feedback that
    counts."""

    seq: int
    record: AnswerRecord
    feedback: Feedback | None = None

    @property
    def correct(self) -> bool | None:
        """Whether the letter is right; ``None`` where nobody said. A right letter judges
        every answer to the question; thumbs judge the one that the caller saw."""
        told, letter = self.feedback, self.record.letter
        if told is None or letter is None:
            return None
        if told.letter is not None:
            return told.letter == letter
        return told.thumbs == "up" if told.about == self.seq else None


class Pair(Shape):
    """What a caller was answered, and what the shadow slot made of the same question.
    ``seq`` is when the pair was complete."""

    live: Line
    shadow: Line

    @property
    def seq(self) -> int:
        return max(self.live.seq, self.shadow.seq)

    @property
    def latency_comparable(self) -> bool:
        """Whether both answered by their own work."""
        return all(
            line.record.outcome == "answered"
            and not line.record.cached
            and not line.record.fallback
            for line in (self.live, self.shadow)
        )


class Label(Shape):
    """A line and what feedback number ``seq`` says of it."""

    seq: int
    line: Line
    correct: bool


class Tally(Shape):
    """Lines of one kind: how many, and how many of them feedback calls right or wrong.
    ``labelled`` and ``right`` count answers that feedback judges."""

    role: Role
    slot: Slot
    model: str | None
    version: str | None
    lines: int
    answered: int
    unscored: int
    failed: int
    cached: int
    fallback: int
    labelled: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """Right ones of the labelled ones; ``None`` without any."""
        return self.right / self.labelled if self.labelled else None


class Summary(Shape):
    """What a log holds. ``size_bytes``: of its file with companions, or of its tables."""

    schema_version: int | None
    lines: int
    feedback: int
    first_at: Stamp | None
    last_at: Stamp | None
    size_bytes: int


class Purged(Shape):
    """What a purge removed (or would remove). ``compacted``: the file holds nothing of it
    any more; else ``reason`` says why that has to be done again."""

    lines: int
    feedback: int
    compacted: bool
    reason: str = ""
