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

from contracts.digests import digest_of_json
from contracts.errors import BadInput, DigestMismatch
from contracts.questions import Question
from contracts.sources import QuestionSource
from contracts.suites import Protocol, SuiteSpec
from evaluation.shots import NO_SHOTS, Shots, read_shots
from mcq.loaders import Reading, questions_digest


@dataclass(frozen=True)
class Suite:
    """``digest`` covers the questions in this order, and how they are asked where that is not
    the usual way (``suite_digest``); ``source`` names where they are from; ``name`` is
    ``NAME@VERSION`` for a declared suite. ``shots`` are shown before each question."""

    name: str
    questions: tuple[Question, ...]
    digest: str
    source: str
    protocol: Protocol = "scored"
    template: str | None = None
    shots: Shots = NO_SHOTS


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
    shots: Shots = NO_SHOTS

    def families(self) -> dict[str, int]:
        """How many questions of each family, ``""`` for those that have none."""
        return dict(sorted(Counter(question.family or "" for question in self.questions).items()))


def read_whole(spec: SuiteSpec) -> WholeSuite:
    """Read every source of a suite, pinned or not. Raises ``BadInput`` for a question that
    does not know its answer, for a suite without questions and as ``read_shots`` does, and
    what loaders raise."""
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
    chosen = tuple(in_order(taken)[: spec.max_questions])
    shots = read_shots(spec, chosen)
    return WholeSuite(
        spec=spec,
        questions=chosen,
        digest=suite_digest(chosen, spec, shots),
        skipped=len(reading.skipped),
        left_out=dict(reading.left_out),
        filtered=len(every) - len(taken),
        shots=shots,
    )


def suite_digest(questions: Sequence[Question], spec: SuiteSpec, shots: Shots) -> str:
    """Of the questions in this order; with protocol, template or shots of its own, of these,
    too: results of different ways of asking are not of the same suite."""
    plain = questions_digest(questions)
    ways: dict[str, str] = {}
    if spec.protocol != "scored":
        ways["protocol"] = spec.protocol
    if spec.template is not None:
        ways["template"] = spec.template
    if shots.every:
        ways["shots"] = questions_digest(shots.every)
    if shots.by != "suite":
        ways["shots_by"] = shots.by
    return digest_of_json({"questions": plain, **ways}) if ways else plain


def in_order(questions: Sequence[Question]) -> list[Question]:
    """By the digest of each id, whatever the order of files and rows."""
    return sorted(questions, key=_place)


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


def read_suite(spec: SuiteSpec, max_questions: int, protocol: Protocol | None = None) -> Suite:
    """The first ``max_questions`` of a suite; its pin is checked on all of them. With another
    ``protocol`` than its own the pinned questions are asked in that way, by its own
    template. Raises as ``read_whole`` and ``check_pin`` do."""
    whole = read_whole(spec)
    check_pin(whole)
    if protocol not in {None, spec.protocol}:
        spec = spec.model_copy(update={"protocol": protocol, "template": None})
    taken = whole.questions[:max_questions]
    return Suite(
        str(spec.ref),
        taken,
        suite_digest(taken, spec, whole.shots),
        _places(spec.sources),
        spec.protocol,
        spec.template,
        whole.shots,
    )


def _places(sources: Sequence[QuestionSource]) -> str:
    return ", ".join(source.address for source in sources)


def _place(question: Question) -> str:
    return hashlib.sha256(question.id.encode()).hexdigest()
