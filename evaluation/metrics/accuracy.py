"""Accuracy: the share of the scored questions whose letter is the gold one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from contracts.errors import EmptySample
from contracts.verdicts import GroupAccuracy, Interval, QuestionRecord
from evaluation.samples import sample_faults
from stats.intervals import wilson

Grouping = Literal["family", "difficulty"]


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
    """``accuracy_of`` each family or difficulty, sorted by name. Records without one, and
    groups of which nothing was scored, are left out; no records give no groups."""
    groups: defaultdict[str, list[QuestionRecord]] = defaultdict(list)
    for record in records:
        name = record.family if grouping == "family" else record.difficulty
        if name is not None:
            groups[name].append(record)
    found = {name: accuracy_of(groups[name], level) for name in sorted(groups)}
    return {name: group for name, group in found.items() if group is not None}


def chance_accuracy(records: Sequence[QuestionRecord]) -> float:
    """The accuracy that guessing would have. Formula: mean of 1 / choices over the scored
    questions; a ratio, neither better high nor low. Raises ``EmptySample`` on none."""
    shares = [1.0 / len(record.probabilities) for record in records if record.probabilities]
    if not shares:
        raise EmptySample("chance accuracy", "no question was scored")
    return sum(shares) / len(shares)
