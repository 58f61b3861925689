"""Groups: a small space of sibling programs, any of which could be the question.

A template holds ``@name@`` where a *facet* stands; a facet has options, each a natural
piece of program (``append(5)`` or ``insert(0, 5)``, an end of 3 or of 4). A *variant*
takes one option a facet. No variant is the true one: which of them is asked is drawn
later, independently of what they print, so that nothing about the choices can tell.

``key`` names the material that stands in every variant of the group (its words, its
list). It decides the split, so that all variants of a group fall into the same one; a
program that two groups share must have the same key in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

Variant = tuple[str, ...]


@dataclass(frozen=True)
class Facet:
    """``options`` maps an option's name to its text; ``labels`` names the misconception
    of who meets the first option and reads the second."""

    name: str
    options: Mapping[str, str]
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def label(self, true: str, read: str) -> str:
        """The misconception that reads ``true`` as ``read``."""
        return self.labels.get((true, read), f"reads_{true}_as_{read}")


@dataclass(frozen=True)
class Group:
    """Sibling programs of one family. Options of an earlier facet may hold later facets."""

    key: str
    template: str
    facets: tuple[Facet, ...]

    def variants(self) -> list[Variant]:
        """Every combination of options, an option's name a facet."""
        return list(product(*(facet.options for facet in self.facets)))

    def source(self, variant: Variant) -> str:
        """The program of ``variant``."""
        text = self.template
        for facet, option in zip(self.facets, variant, strict=True):
            text = text.replace(f"@{facet.name}@", facet.options[option])
        return text

    def label(self, true: Variant, read: Variant) -> str:
        """The misconceptions of who meets ``true`` and reads ``read``, joined by ``+``; one
        that is at work in two places is named once."""
        pairs = zip(self.facets, true, read, strict=True)
        found = [facet.label(one, two) for facet, one, two in pairs if one != two]
        return "+".join(dict.fromkeys(found))


def choice_of(
    name: str, labels: Mapping[tuple[str, str], str] | None = None, /, **options: str
) -> Facet:
    """A facet whose options are given by name."""
    return Facet(name, options, labels or {})


def numbers(name: str, values: Iterable[int], *, up: str = "", down: str = "") -> Facet:
    """A facet of integers: who reads one more has the misconception ``up``, one less
    ``down``; farther off is named after the distance."""
    known = sorted(set(values))
    labels = {}
    for true in known:
        for read in known:
            off = read - true
            named = {1: up, -1: down}.get(off, "")
            far = f"{name}_{abs(off)}_too_{'high' if off > 0 else 'low'}"
            labels[str(true), str(read)] = named or far
    return Facet(name, {str(value): str(value) for value in known}, labels)


def both(true: str, read: str, label: str, back: str) -> dict[tuple[str, str], str]:
    """Labels of one pair of options in both directions."""
    return {(true, read): label, (read, true): back}
