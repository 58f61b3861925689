"""Two to ten versions against one of them: every difference paired, every p adjusted.

A version's own numbers and its categories are told beside the difference, and with each
difference the smallest that so many questions could have shown. Pure: records in, shape
out; the statistics are those of ``stats``.

Sources: S. Holm, Scand. J. Statist. 6 (1979) 65-70, over versions and over categories (any
false claim is one too many); Y. Benjamini and Y. Hochberg, J. R. Statist. Soc. B 57 (1995)
289-300, over categories, too (a screen, in which a share of false ones is borne).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.comparisons import (
    FEWEST_VERSIONS,
    GROUPINGS,
    MOST_VERSIONS,
    AgainstReference,
    CategoryDifference,
    ComparedVersion,
    Grouping,
    VersionsComparison,
)
from contracts.errors import BadInput, EmptySample, ProtocolsDiffer, SuitesDiffer
from contracts.reports import RunHeader
from contracts.verdicts import Comparison, Interval, QuestionRecord
from evaluation.compare import compare_outcomes, compare_records, outcomes_of
from evaluation.defaults import SEED
from evaluation.metrics.accuracy import accuracy_of
from evaluation.samples import sample_faults
from stats.bootstrap import paired_bootstrap
from stats.multiple import benjamini_hochberg, holm
from stats.paired import PairedCounts

REPLICATES: Final = 10_000
# What the bank calls its difficulties; another file's names come before, sorted.
EASIEST_FIRST: Final = ("easy", "medium", "hard")


@dataclass(frozen=True)
class Examined:
    """One version's records under the name that tables show. ``header`` is what its report
    says of how they were made; ``None`` where there is no report."""

    name: str
    records: Sequence[QuestionRecord]
    header: RunHeader | None = None


def compare_versions(
    reference: Examined,
    others: Sequence[Examined],
    level: float,
    *,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> VersionsComparison:
    """``others`` against ``reference``, at ``level``.

    Raises ``BadInput`` for less than two or more than ten versions, ``SuitesDiffer`` when
    they were not asked the same questions, ``ProtocolsDiffer`` when they were asked under
    different protocols, shots or limits of a reply, and ``EmptySample`` when a pair has no
    question that both scored.
    """
    versions = (reference, *others)
    if not FEWEST_VERSIONS <= len(versions) <= MOST_VERSIONS:
        raise BadInput(
            f"{len(versions)} versions were named.",
            mend=f"Name {FEWEST_VERSIONS} to {MOST_VERSIONS}, the reference among them.",
        )
    # Records without a report tell no way: nothing can be checked of them.
    told = [version for version in versions if version.header is not None]
    for other in told[1:]:
        check_same_way(other, told[0])
    found = [compare_records(other.records, reference.records, level) for other in others]
    with sample_faults():
        adjusted = holm([one.mcnemar_p for one in found])
    return VersionsComparison(
        reference=reference.name,
        questions_count=len(reference.records),
        level=level,
        replicates=replicates,
        seed=seed,
        versions=tuple(_alone(version, level) for version in versions),
        against=tuple(
            AgainstReference(
                name=other.name,
                comparison=one,
                holm_p=holm_p,
                bootstrap=_bootstrap(one, level, replicates, seed),
            )
            for other, one, holm_p in zip(others, found, adjusted, strict=True)
        ),
        categories=tuple(
            difference
            for grouping in GROUPINGS
            for difference in _categories(reference, others, grouping, level)
        ),
    )


def check_same_way(one: Examined, other: Examined) -> None:
    """Raises ``SuitesDiffer`` or ``ProtocolsDiffer`` by what both reports say. A suite's digest
    covers the template that the suite names; scoring and a template of its own are a version's,
    and versions may differ in them, as the gate's may. Precision is no such difference either:
    what it changes may be just what is asked."""
    ours, theirs = one.header, other.header
    if ours is None or theirs is None:
        return
    if ours.suite_digest != theirs.suite_digest:
        raise SuitesDiffer(
            f"{one.name} is of {ours.suite} ({ours.suite_digest[7:15]}), {other.name} of"
            f" {theirs.suite} ({theirs.suite_digest[7:15]})"
        )
    for what in ("protocol", "shots_count", "shots_by", "shots_digest", "max_new_tokens"):
        first, second = getattr(ours.way, what), getattr(theirs.way, what)
        if first != second:
            raise ProtocolsDiffer(one.name, other.name, what, str(first), str(second))


def categories_of(
    records: Sequence[QuestionRecord], grouping: Grouping
) -> dict[str, list[QuestionRecord]]:
    """The records of each category, sorted by name, difficulties from easy to hard; those
    without one are left out."""
    found: defaultdict[str, list[QuestionRecord]] = defaultdict(list)
    for record in records:
        name: str | None = getattr(record, grouping)
        if name is not None:
            found[name].append(record)
    known = {name: place for place, name in enumerate(EASIEST_FIRST)}
    return {name: found[name] for name in sorted(found, key=lambda one: (known.get(one, -1), one))}


def _alone(version: Examined, level: float) -> ComparedVersion:
    overall = accuracy_of(version.records, level)
    if overall is None:
        raise EmptySample("accuracy", f"{version.name} scored none of its questions")
    header = version.header
    way = None if header is None else header.way
    return ComparedVersion(
        name=version.name,
        digest=None if header is None else header.digest,
        scoring=None if way is None else way.scoring,
        template=None if way is None else way.template,
        precision=None if way is None else way.precision,
        scored=overall.questions,
        unscored=len(version.records) - overall.questions,
        correct=overall.correct,
        accuracy=overall.accuracy,
    )


def _bootstrap(found: Comparison, level: float, replicates: int, seed: int) -> Interval:
    counts = PairedCounts(
        both=found.both,
        only_first=found.only_candidate,
        only_second=found.only_reference,
        neither=found.neither,
    )
    with sample_faults():
        estimate, lower, upper = paired_bootstrap(counts, level, replicates=replicates, seed=seed)
    return Interval(estimate=estimate, lower=lower, upper=upper, level=level)


def _categories(
    reference: Examined, others: Sequence[Examined], grouping: Grouping, level: float
) -> Iterator[CategoryDifference]:
    """By version, then by category. The categories are those of the reference's records:
    the questions are the same, and so are their categories."""
    outcomes = outcomes_of(reference.records)
    rows: list[tuple[str, str, Comparison]] = []
    for other in others:
        theirs = outcomes_of(other.records)
        for category, records in categories_of(reference.records, grouping).items():
            inside = {record.id for record in records}
            common = inside & outcomes.keys() & theirs.keys()
            if common:
                ours = {identity: theirs[identity] for identity in common}
                rows.append((other.name, category, compare_outcomes(ours, outcomes, level)))
    if not rows:
        return
    with sample_faults():
        found = [row.mcnemar_p for _, _, row in rows]
        screened, claimed = benjamini_hochberg(found), holm(found)
    for (name, category, row), adjusted_p, holm_p in zip(rows, screened, claimed, strict=True):
        yield CategoryDifference(
            name=name,
            grouping=grouping,
            category=category,
            comparison=row,
            adjusted_p=adjusted_p,
            holm_p=holm_p,
        )
