"""Accuracy: the share of the scored questions whose letter is the gold one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.comparisons import Grouping
from contracts.errors import EmptySample
from contracts.questions import Question
from contracts.verdicts import GroupAccuracy, Interval, QuestionRecord
from evaluation.samples import sample_faults
from stats.clusters import clustered
from stats.intervals import wilson


def accuracy_of(records: Sequence[QuestionRecord], level: float) -> GroupAccuracy | None:
    """Formula: correct / scored, with Wilson's interval at ``level``. Higher is better;
    a ratio. Unscored questions are left out of both. ``None`` when nothing was scored."""
    outcomes = [record.correct for record in records if record.correct is not None]
    if not outcomes:
        return None
    with sample_faults():
        estimate, lower, upper = wilson(sum(outcomes), len(outcomes), level)
    return GroupAccuracy(
        questions=len(outcomes),
        correct=sum(outcomes),
        accuracy=Interval(estimate=estimate, lower=lower, upper=upper, level=level),
    )


def accuracy_by(
    records: Sequence[QuestionRecord], grouping: Grouping, level: float
) -> dict[str, GroupAccuracy]:
    """``accuracy_of`` each family, kind or difficulty, sorted by name. Records without one, and
    groups of which nothing was scored, are left out; no records give no groups."""
    groups: defaultdict[str, list[QuestionRecord]] = defaultdict(list)
    for record in records:
        name: str | None = getattr(record, grouping)
        if name is not None:
            groups[name].append(record)
    found = {name: accuracy_of(groups[name], level) for name in sorted(groups)}
    return {name: group for name, group in found.items() if group is not None}


@dataclass(frozen=True)
class OverFamilies:
    """Right answers of ``questions`` scored ones of ``families``, with the clustered interval."""

    families: int
    questions: int
    correct: int
    accuracy: Interval


def accuracy_over_families(records: Sequence[QuestionRecord], level: float) -> OverFamilies | None:
    """Formula: correct / scored of the questions that have a family, with an interval clustered
    by family (``stats.clusters``): the families are a sample of such families, where
    ``accuracy_of`` takes them as given. Higher is better; a ratio. ``None`` for fewer than two
    families of which something was scored."""
    groups = list(accuracy_by(records, "family", level).values())
    if len(groups) < 2:  # noqa: PLR2004  # one family says nothing of how families differ
        return None
    correct, questions = [one.correct for one in groups], [one.questions for one in groups]
    with sample_faults():
        found = clustered(correct, questions, level)
    accuracy = Interval(**found._asdict(), level=level)
    return OverFamilies(len(groups), sum(questions), sum(correct), accuracy)


def chance_accuracy(questions: Sequence[Question], records: Sequence[QuestionRecord]) -> float:
    """The accuracy that guessing would have. Formula: mean of 1 / choices over the ``questions``
    whose record, at the same place, has a letter; a ratio, neither better high nor low. Raises
    ``EmptySample`` on none."""
    shares = [
        1.0 / len(question.choices)
        for question, record in zip(questions, records, strict=True)
        if record.letter is not None
    ]
    if not shares:
        raise EmptySample("chance accuracy", "no question was scored")
    return sum(shares) / len(shares)
