"""Shots: questions that are shown with their answers before the one that is asked.

Every question of a suite is shown the same ones, or those of its own family, as MMLU is
published: five of the question's subject (arXiv:2009.03300, section 4). Questions shown the
same ones are a *group*: they share a prefix and a store of scores. A suite whose shots are not
by family is one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from contracts.errors import BadInput
from contracts.questions import Question
from contracts.suites import ShotsBy, SuiteSpec
from mcq.loaders import load_questions


@dataclass(frozen=True)
class Shots:
    """``every`` question that is shown before some question: all of them before each, or
    ``by`` family those of its own, equally many of each family."""

    every: tuple[Question, ...] = ()
    by: ShotsBy = "suite"

    @property
    def count(self) -> int:
        """How many are shown before one question."""
        return len(self.before(self.every[0])) if self.every else 0

    def before(self, question: Question) -> tuple[Question, ...]:
        """What is shown before ``question``: ``count`` of them, or none where its family has
        none."""
        if self.by == "suite":
            return self.every
        return tuple(shot for shot in self.every if shot.family == question.family)

    def groups(
        self, questions: Sequence[Question]
    ) -> list[tuple[tuple[Question, ...], tuple[int, ...]]]:
        """What is shown, and the places of the questions that it is shown before, in order;
        together every place once."""
        found: dict[str | None, list[int]] = {}
        for place, question in enumerate(questions):
            found.setdefault(question.family if self.by == "family" else None, []).append(place)
        return [(self.before(questions[places[0]]), tuple(places)) for places in found.values()]


NO_SHOTS: Final = Shots()


def read_shots(spec: SuiteSpec, questions: Sequence[Question]) -> Shots:
    """The suite's shots: the first of each file in turn, then the second, up to its
    ``shots_count``; by family so for each family of ``questions``. Raises ``BadInput`` when
    there are fewer, when one does not know its answer, and when one is among ``questions``: its
    answer would be shown."""
    files = [load_questions(source) for source in spec.shots]
    turns = [question for turn in zip_longest(*files) for question in turn if question]
    shots: list[Question] = []
    if spec.shots_by == "suite":
        shots += _first(spec, turns, "")
    else:
        for family in sorted({question.family or "" for question in questions}):
            own = [shot for shot in turns if family and shot.family == family]
            whose = f" of family {family}" if family else " for its questions without a family"
            shots += _first(spec, own, whose)
    asked = {same_question(question): question.id for question in questions}
    for shot in shots:
        if shot.answer is None:
            raise BadInput(f"shot {shot.id} of suite {spec.ref} does not know its answer.")
        if (twin := asked.get(same_question(shot))) is not None:
            raise BadInput(
                f"shot {shot.id} of suite {spec.ref} is its question {twin}: the answer would be"
                " shown.",
                mend="Take shots from files that the suite does not ask.",
            )
    return Shots(tuple(shots), spec.shots_by)


def same_question(question: Question) -> tuple[Any, ...]:
    """Equal for two questions that ask the same, whatever the order of their choices."""
    code = (question.code or "").strip()
    return question.stem.strip(), code, tuple(sorted(one.strip() for one in question.choices))


def _first(spec: SuiteSpec, shots: Sequence[Question], whose: str) -> Sequence[Question]:
    found = shots[: spec.shots_count]
    if len(found) < spec.shots_count:
        raise BadInput(
            f"suite {spec.ref} is to show {spec.shots_count} questions, but its files of shots"
            f" hold {len(found)}{whose}.",
            mend="Correct shots_count, or add to the files." if whose else "Correct shots_count.",
        )
    return found
