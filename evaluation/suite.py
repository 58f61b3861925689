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

from contracts.digests import canonical_json, digest_of_bytes
from contracts.errors import BadInput, DigestMismatch
from contracts.questions import Question
from contracts.sources import QuestionSource
from contracts.suites import SuiteSpec
from mcq.loaders import Reading, questions_digest


@dataclass(frozen=True)
class Suite:
    """``digest`` covers the questions in this order; ``source`` names where they are from;
    ``name`` is ``NAME@VERSION`` for a declared suite. ``shots`` stand with their answers before
    each question; ``template`` is asked in place of the version's own."""

    name: str
    questions: tuple[Question, ...]
    digest: str
    source: str
    shots: tuple[Question, ...] = ()
    template: str | None = None


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
    shots: tuple[Question, ...] = ()

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
    shots = _read_shots(spec, chosen)
    return WholeSuite(
        spec=spec,
        questions=chosen,
        shots=shots,
        digest=_digest(chosen, shots, spec.template),
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
    return Suite(
        str(spec.ref),
        taken,
        _digest(taken, whole.shots, spec.template),
        _places(spec.sources),
        whole.shots,
        spec.template,
    )


def _read_shots(spec: SuiteSpec, asked: Sequence[Question]) -> tuple[Question, ...]:
    """The first ``shots_count`` questions of the sources of shots, each with its answer and
    none of them ``asked``."""
    if not spec.shots_count:
        return ()
    shots = tuple(Reading(spec.shots, skip_bad=spec.skip_bad))[: spec.shots_count]
    if len(shots) < spec.shots_count:
        raise BadInput(
            f"suite {spec.ref} wants {spec.shots_count} shots, and there are {len(shots)}.",
            mend="Lower shots_count, or name more sources of shots.",
        )
    known = {_content(question) for question in asked}
    for shot in shots:
        if shot.answer is None:
            raise BadInput(
                f"{_places(spec.shots)}: question {shot.id} does not know its answer.",
                mend="A shot is shown with its answer: add it or leave the question out.",
            )
        if _content(shot) in known:
            raise BadInput(
                f"suite {spec.ref} shows question {shot.id} with its answer and asks it, too.",
                mend="Take shots from other files than the suite's questions.",
            )
    return shots


def _content(question: Question) -> tuple[str, str | None, tuple[str, ...]]:
    return question.stem, question.code, tuple(sorted(question.choices))


def _digest(questions: Sequence[Question], shots: Sequence[Question], template: str | None) -> str:
    """Of the questions; with shots or a template of its own, of these too."""
    digest = questions_digest(questions)
    if not shots and template is None:
        return digest
    parts = {"questions": digest, "shots": questions_digest(shots), "template": template}
    return digest_of_bytes(canonical_json(parts).encode())


def _places(sources: Sequence[QuestionSource]) -> str:
    return ", ".join(source.address for source in sources)


def _place(question: Question) -> str:
    return hashlib.sha256(question.id.encode()).hexdigest()
