"""Two versions on the same questions: never unpaired.

Two sets of records are compared only when they are of the same questions with the same
gold letters. A question that either could not score says nothing about the difference
and is left out of the pairs; the gate looks at those apart. Pure; the statistics are
``stats.paired``'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.errors import EmptySample, SuitesDiffer
from contracts.verdicts import Comparison, Interval, QuestionRecord
from evaluation.samples import sample_faults
from stats.paired import PairedCounts, mcnemar_exact, smallest_detectable_difference, tango

Outcomes = Mapping[str, bool]


def outcomes_of(records: Sequence[QuestionRecord]) -> dict[str, bool]:
    """Right or wrong, by question id, of the scored questions."""
    return {record.id: record.correct for record in records if record.correct is not None}


def compare_records(
    candidate: Sequence[QuestionRecord], reference: Sequence[QuestionRecord], level: float
) -> Comparison:
    """Raises ``SuitesDiffer`` when the records are not of the same questions, and
    ``EmptySample`` when no question was scored by both."""
    ours = {record.id: record.gold for record in candidate}
    theirs = {record.id: record.gold for record in reference}
    if ours.keys() != theirs.keys():
        only_ours, only_theirs = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
        raise SuitesDiffer(
            f"{len(only_ours)} questions are only in the first, {len(only_theirs)} only in the"
            f" second, as {min(only_ours or only_theirs)}"
        )
    changed = [identity for identity, gold in ours.items() if theirs[identity] != gold]
    if changed:
        raise SuitesDiffer(f"{len(changed)} questions have another right answer, as {min(changed)}")
    return compare_outcomes(outcomes_of(candidate), outcomes_of(reference), level)


def compare_outcomes(candidate: Outcomes, reference: Outcomes, level: float) -> Comparison:
    """Over the questions in both. ``difference`` is candidate minus reference with Tango's
    interval at ``level``. Raises ``EmptySample`` when there is none."""
    common = candidate.keys() & reference.keys()
    if not common:
        raise EmptySample("a paired comparison", "no question was scored by both")
    pairs = [(candidate[identity], reference[identity]) for identity in common]
    counts = PairedCounts(
        both=pairs.count((True, True)),
        only_first=pairs.count((True, False)),
        only_second=pairs.count((False, True)),
        neither=pairs.count((False, False)),
    )
    with sample_faults():
        difference, lower, upper = tango(counts, level)
    return Comparison(
        questions=counts.trials,
        both=counts.both,
        only_candidate=counts.only_first,
        only_reference=counts.only_second,
        neither=counts.neither,
        difference=Interval(estimate=difference, lower=lower, upper=upper, level=level),
        mcnemar_p=mcnemar_exact(counts.only_first, counts.only_second),
        smallest_detectable_difference=smallest_detectable_difference(
            counts.trials, counts.discordance, alpha=1.0 - level
        ),
    )
