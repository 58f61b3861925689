"""Shapes of a comparison of two to ten versions on the same questions.

Every difference is a version minus the reference, and every test is paired: there is no
shape here for an unpaired one.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from contracts.models import Digest, ScoringMethod
from contracts.shape import Shape
from contracts.verdicts import Comparison, Interval, Ratio

Grouping = Literal["family", "kind", "difficulty"]
GROUPINGS: Final[tuple[Grouping, ...]] = ("family", "kind", "difficulty")
FEWEST_VERSIONS: Final = 2
MOST_VERSIONS: Final = 10
"""Beyond ten, Holm leaves no power on a suite of a few thousand questions, and no plot can
be read."""


class ComparedVersion(Shape):
    """One version by itself: ``accuracy`` is of the questions that it scored, with Wilson's
    interval. ``digest`` is that of its weights, ``None`` where no report tells it. ``scoring``,
    ``template`` and ``precision`` may differ among versions of one suite, protocol and shots:
    they are told, ``None`` where no report does."""

    name: str
    digest: Digest | None
    scored: int
    unscored: int
    correct: int
    accuracy: Interval
    scoring: ScoringMethod | None = None
    template: str | None = None
    precision: str | None = None

    def asked(self) -> str:
        """For people: as in "letter, letter-1, fp32"."""
        if self.digest is None:
            return "not told"
        ways = (self.scoring, self.template, self.precision)
        return ", ".join(way for way in ways if way is not None) or "not told"


class AgainstReference(Shape):
    """One version against the reference, over the questions that both scored.

    ``comparison`` has Tango's interval and the exact McNemar p; ``holm_p`` is that p
    adjusted over all versions compared (Holm 1979); ``bootstrap`` is the same difference
    with the percentile interval of a paired bootstrap.
    """

    name: str
    comparison: Comparison
    holm_p: Ratio
    bootstrap: Interval


class CategoryDifference(Shape):
    """One version against the reference on one category. The McNemar p is adjusted over every
    category of ``grouping`` and every version: ``adjusted_p`` after Benjamini and Hochberg, for
    a screen; ``holm_p`` after Holm, for who claims one of them."""

    name: str
    grouping: Grouping
    category: str
    comparison: Comparison
    adjusted_p: Ratio
    holm_p: Ratio


class VersionsComparison(Shape):
    """``comparison.json``: two to ten versions on the same ``questions_count`` questions.

    ``versions`` has all of them, the reference first; ``against`` all but the reference, in
    the same order. A category of which no question was scored by both is left out.
    """

    reference: str
    questions_count: int
    level: Ratio
    replicates: int
    seed: int
    versions: Annotated[
        tuple[ComparedVersion, ...], Field(min_length=FEWEST_VERSIONS, max_length=MOST_VERSIONS)
    ]
    against: tuple[AgainstReference, ...]
    categories: tuple[CategoryDifference, ...]
