"""An audit of a question file: twins in training, and what the choices alone give away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.questions import Question
from evaluation.baselines import Baseline, run_baselines
from mcq.bank.contamination import grams_of, grams_of_words, words_of
from mcq.bank.program import NO_PYTHON, program_hash

ALL = "all"


@dataclass(frozen=True)
class Contamination:
    """Of ``questions``, how many have a twin in training: ``by_tree`` the same normalised
    syntax tree (the same text where there is no program), ``by_grams`` all 13-grams known, of
    training questions that ask the same of them; ``touched`` share any 13-gram, whatever is
    asked. Ids of the twins are in ``twins``."""

    questions: int
    training: int
    by_tree: int
    by_grams: int
    touched: int
    twins: tuple[str, ...]


@dataclass(frozen=True)
class Audit:
    """``baselines`` by kind of question, ``"all"`` first; ``contamination`` is ``None``
    when there was no training to compare with."""

    questions: int
    contamination: Contamination | None
    baselines: dict[str, list[Baseline]]


def _prose(question: Question) -> str:
    """What a question without a program asks, however its choices stand."""
    return "\n".join([question.stem, question.code or "", *sorted(question.choices)])


def _program(question: Question) -> str | None:
    """Its code; ``None`` where that has no statement, so that one such question is no twin of
    every other."""
    code = question.code
    if code is None or not any(line.partition("#")[0].strip() for line in code.splitlines()):
        return None
    return code


def _tree(question: Question) -> str:
    """The normalised program with what is asked of it; the text of one that is none."""
    code = _program(question)
    if code is None:
        return " ".join(words_of(_prose(question)))
    try:
        program = program_hash(code)
    except NO_PYTHON:
        program = code
    return f"{program}\n{_asked(question)}"


def _asked(question: Question) -> str:
    """What is asked of its code, as one gram, however the choices stand. What a program prints is
    one question of it, whatever is offered; of any other kind, and where none is told, there may
    be several of one program."""
    if question.kind == "output":
        return ""
    return " ".join(words_of("\n".join([question.stem, *sorted(question.choices)])))


@dataclass(frozen=True)
class _Grams:
    """``plain`` 13-grams of a question, and the same with what is ``asked`` of the program: a
    gram that stands in another question about the same code is not this question's."""

    plain: frozenset[str]
    asked: frozenset[str]

    @classmethod
    def of(cls, question: Question) -> _Grams:
        code = _program(question)
        plain = grams_of_words(_prose(question)) if code is None else grams_of(code)
        asked = "" if code is None else _asked(question)
        return cls(plain, frozenset(f"{gram}\n{asked}" for gram in plain) if asked else plain)

    @property
    def every(self) -> frozenset[str]:
        return self.plain | self.asked


def contamination(held_out: Sequence[Question], training: Sequence[Question]) -> Contamination:
    """Twins of ``held_out`` in ``training``; no questions give a count of nothing. A question
    without a program is compared by its stem and choices, in any order of these; one about a
    program by the program and, unless it asks what that prints, by these, too."""
    known = {_tree(question) for question in training}
    same = {question.id for question in held_out if _tree(question) in known}
    grams = [_Grams.of(question) for question in held_out]
    # Of training only what is held out, too, is kept in memory.
    wanted = frozenset[str]().union(*(one.every for one in grams))
    seen: set[str] = set()
    for question in training:
        seen |= wanted & _Grams.of(question).every
    covered = {
        question.id for question, one in zip(held_out, grams, strict=True) if one.asked <= seen
    }
    return Contamination(
        questions=len(held_out),
        training=len(training),
        by_tree=len(same),
        by_grams=len(covered),
        touched=sum(bool(one.plain & seen) for one in grams),
        twins=tuple(sorted(same | covered)),
    )


def audit(
    questions: Sequence[Question],
    held_out: Sequence[Question],
    training: Sequence[Question] | None,
    seed: int = 0,
) -> Audit:
    """Baselines over ``questions``, all and by kind, and contamination of ``held_out``."""
    groups: defaultdict[str, list[Question]] = defaultdict(list)
    for question in questions:
        groups[ALL].append(question)
        if question.kind is not None:
            groups[question.kind].append(question)
    if len(groups) == 1 + 1:
        groups = defaultdict(list, {ALL: groups[ALL]})
    return Audit(
        questions=len(questions),
        contamination=None if training is None else contamination(held_out, training),
        baselines={name: run_baselines(group, seed) for name, group in groups.items()},
    )
