"""A suite: the held-out questions that versions are compared on, always the same ones.

A suite is put in order by the digest of each question's id, not by its files' order: the same
questions come in the same order however the files were written, and a larger suite holds
the smaller one. A pinned suite whose questions are others by now is refused. Knows no
model and no results.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.errors import BadInput, DigestMismatch
from contracts.questions import Question
from contracts.sources import QuestionSource
from contracts.suites import SuiteSpec
from mcq.loaders import Reading, questions_digest


@dataclass(frozen=True)
class Suite:
    """``digest`` covers the questions in this order; ``source`` names where they are from;
    ``name`` is ``NAME@VERSION`` for a declared suite."""

    name: str
    questions: tuple[Question, ...]
    digest: str
    source: str


@dataclass(frozen=True)
class WholeSuite:
    """All questions of a declared suite, before an evaluation takes the first of them.

    ``skipped`` bad rows were passed over, ``left_out`` counts by label what a format left
    out, ``filtered`` questions were not taken by the suite's filter.
    """

    spec: SuiteSpec
    questions: tuple[Question, ...]
    digest: str
    skipped: int
    left_out: dict[str, int]
    filtered: int

    def families(self) -> dict[str, int]:
        """How many questions of each family, ``""`` for those that have none."""
        return dict(sorted(Counter(question.family or "" for question in self.questions).items()))


def read_whole(spec: SuiteSpec) -> WholeSuite:
    """Read every source of a suite, pinned or not. Raises ``BadInput`` for a question that
    does not know its answer and for a suite without questions, and what loaders raise."""
    reading = Reading(spec.sources, skip_bad=spec.skip_bad)
    every = list(reading)
    taken = [question for question in every if spec.filter.takes(question)]
    for question in taken:
        if question.answer is None:
            raise BadInput(
                f"{_places(spec.sources)}: question {question.id} does not know its answer.",
                mend="A suite is made of questions with answers: add it or leave the question out.",
            )
    if not taken:
        raise BadInput(
            f"suite {spec.ref} has no questions: its filter takes none of {len(every)}.",
            mend="Correct the filter.",
        )
    chosen = tuple(sorted(taken, key=_place)[: spec.max_questions])
    return WholeSuite(
        spec=spec,
        questions=chosen,
        digest=questions_digest(chosen),
        skipped=len(reading.skipped),
        left_out=dict(reading.left_out),
        filtered=len(every) - len(taken),
    )


def check_pin(suite: WholeSuite) -> None:
    """Raises ``DigestMismatch`` when the suite is pinned to other questions."""
    pin = suite.spec.digest
    if pin is not None and pin != suite.digest:
        ref = suite.spec.ref
        raise DigestMismatch(
            f"suite {ref} ({len(suite.questions)} questions of {_places(suite.spec.sources)})",
            expected=pin,
            found=suite.digest,
            mend="These are not the questions that it was pinned to: restore them, or declare"
            f" version {suite.spec.version + 1} and pin it with `proctor suites pin`.",
        )


def read_suite(spec: SuiteSpec, max_questions: int) -> Suite:
    """The first ``max_questions`` of a suite; its pin is checked on all of them. Raises as
    ``read_whole`` and ``check_pin`` do."""
    whole = read_whole(spec)
    check_pin(whole)
    taken = whole.questions[:max_questions]
    return Suite(str(spec.ref), taken, questions_digest(taken), _places(spec.sources))


def _places(sources: Sequence[QuestionSource]) -> str:
    return ", ".join(source.address for source in sources)


def _place(question: Question) -> str:
    return hashlib.sha256(question.id.encode()).hexdigest()
