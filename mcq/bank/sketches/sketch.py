"""Functions of several lines, each of which could be another: for questions about inputs,
wrong lines and patches.

A sketch is a function built of steps; a step is a line with a facet of six options
(``a = a[1:]``, ``a = a[:-1]``, ...). Its *anchor* is a line with constants that every
variant has: it gives the sketch its key, which decides the split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final

from mcq.bank.group import Facet, Group

# How many steps a function has.
STEPS: Final[Mapping[str, int]] = MappingProxyType({"easy": 4, "medium": 5, "hard": 6})

Table = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Sketch:
    """``group`` is the ``def`` alone; ``arguments`` is a facet of argument texts."""

    group: Group
    arguments: Facet

    def line_of(self, facet: Facet) -> int:
        """The place of the facet's line in the program, from 0."""
        lines = self.group.template.split("\n")
        return next(at for at, line in enumerate(lines) if f"@{facet.name}@" in line)


def steps_of(table: Table, **values: object) -> list[Facet]:
    """The facets of ``table`` (a step's name to its options) with ``@value@`` filled in."""
    steps = []
    for step, options in table.items():
        filled = {}
        for option, text in options.items():
            for name, value in values.items():
                text = text.replace(f"@{name}@", str(value))  # noqa: PLW2901 - filled stepwise
            filled[option] = text
        steps.append(Facet(step, filled))
    return steps


def sketch(
    rng: Random,
    key: str,
    variable: str,
    steps: Sequence[Facet],
    anchor: str,
    arguments: Mapping[str, object],
) -> Sketch:
    """A function of ``variable`` with the steps in order and the anchor at a random place."""
    lines = [f"@{step.name}@" for step in steps]
    lines.insert(rng.randint(0, len(lines)), anchor)
    return sketch_of_lines(key, variable, steps, [*lines, f"return {variable}"], arguments)


def sketch_of_lines(
    key: str,
    variable: str,
    steps: Sequence[Facet],
    lines: Sequence[str],
    arguments: Mapping[str, object],
) -> Sketch:
    """A function of ``variable`` with these lines. The labels of its arguments say which
    was taken for which."""
    template = "\n".join([f"def f({variable}):", *(f"    {line}" for line in lines)])
    labels = {(true, read): f"takes_{read}_for_{true}" for true in arguments for read in arguments}
    texts = {option: repr(value) for option, value in arguments.items()}
    return Sketch(Group(key, template, tuple(steps)), Facet("argument", texts, labels))
