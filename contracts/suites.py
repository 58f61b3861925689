"""Suites: named, versioned sets of questions, pinned by their digest.

A suite says where its questions are, which of them it takes, and, once it is pinned, the
digest that they must have. Versions of one name differ in their questions; a pinned
version never changes. YAML is parsed in ``proctor/``; here stand only shapes.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.errors import BadSuites
from contracts.models import Digest
from contracts.questions import Question
from contracts.shape import Shape
from contracts.sources import QuestionSource

SUITE_REFERENCE: Final = r"^[a-z0-9][a-z0-9_.-]{0,99}(?:@[1-9][0-9]{0,5})?$"
Protocol = Literal["scored", "generate"]
"""``scored``: the probability of every choice, one forward pass; ``generate``: the model
writes a reply and its letter is parsed (CodeMMLU, arXiv:2410.01999)."""


def without_answer(protocol: Protocol) -> str:
    """What became of the questions that a result counts as ``unscored``, after their number."""
    if protocol == "generate":
        return "stated no letter or left no room for a reply"
    return "could not be scored"


ShotsBy = Literal["suite", "family"]
"""Which shots a question is shown: ``suite``, the same as every other question; ``family``,
those of its own family, as MMLU is published (arXiv:2009.03300)."""

SuiteName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,99}$")]


class SuiteRef(Shape):
    """``mmlu-cs@1``, or ``mmlu-cs`` for its highest version."""

    name: SuiteName
    version: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ``BadSuites``."""
        if re.fullmatch(SUITE_REFERENCE, text) is None:
            raise BadSuites(
                repr(text), "not a suite's name.", mend="Write NAME or NAME@VERSION, as mmlu-cs@1."
            )
        name, _, version = text.partition("@")
        return cls(name=name, version=int(version) if version else None)

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


class SuiteFilter(Shape):
    """Which questions a suite takes: those that have one of the values, of every key that
    is given. Nothing given takes all."""

    families: tuple[str, ...] = Field(default=(), description="families to take")
    difficulties: tuple[str, ...] = Field(default=(), description="difficulties to take")
    kinds: tuple[str, ...] = Field(default=(), description="kinds of question to take")
    error_labels: tuple[str, ...] = Field(default=(), description="MMLU-Redux's labels to take")

    def takes(self, question: Question) -> bool:
        wanted = (
            (self.families, question.family),
            (self.difficulties, question.difficulty),
            (self.kinds, question.kind),
            (self.error_labels, question.error_label),
        )
        return all(value in values for values, value in wanted if values)


class SuiteSpec(Shape):
    """One version of a suite, as declared."""

    name: SuiteName
    version: int = Field(ge=1, le=999_999, description="raised whenever the questions change")
    description: str = Field(min_length=1, description="what is examined, in a line")
    sources: tuple[QuestionSource, ...] = Field(min_length=1, description="where questions are")
    skip_bad: bool = Field(default=False, description="bad rows are passed over; else refused")
    filter: SuiteFilter = Field(default=SuiteFilter(), description="which questions are taken")
    max_questions: int | None = Field(
        default=None, ge=1, description="at most so many, in the suite's order"
    )
    protocol: Protocol = Field(
        default="scored", description="how an answer is had: scored, or generate"
    )
    template: str | None = Field(
        default=None, description="prompt template in place of the version's own"
    )
    shots: tuple[QuestionSource, ...] = Field(
        default=(), description="where the questions shown with their answers first are"
    )
    shots_count: int = Field(
        default=0, ge=0, le=32, description="how many of them, the first of each file in turn"
    )
    shots_by: ShotsBy = Field(
        default="suite", description="suite: all see the same; family: those of their own family"
    )
    digest: Digest | None = Field(
        default=None, description="what the questions must be; absent until it is pinned"
    )

    @model_validator(mode="after")
    def _shots_counted(self) -> Self:
        if bool(self.shots) != bool(self.shots_count):
            raise ValueError("shots and shots_count go together")
        if self.shots_by != "suite" and not self.shots:
            raise ValueError("shots_by is of suites that have shots")
        return self

    @property
    def ref(self) -> SuiteRef:
        return SuiteRef(name=self.name, version=self.version)


class Suites(Shape):
    """All of the file of suites."""

    suites: tuple[SuiteSpec, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refs = [str(suite.ref) for suite in self.suites]
        if twice := sorted({ref for ref in refs if refs.count(ref) > 1}):
            raise ValueError(f"{twice[0]} is declared twice")
        return self

    def find(self, ref: SuiteRef) -> SuiteSpec | None:
        """The suite of that name and version, of the highest version where none is said."""
        named = [suite for suite in self.suites if suite.name == ref.name]
        if ref.version is not None:
            named = [suite for suite in named if suite.version == ref.version]
        return max(named, key=lambda suite: suite.version, default=None)
