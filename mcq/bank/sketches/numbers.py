"""Functions from a number to a number."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from mcq.bank.group import Facet
from mcq.bank.sketches.sketch import STEPS, Sketch, sketch, steps_of
from mcq.bank.words import name

OPERATION: Final[Mapping[str, str]] = {
    "plus": "@v@ = @v@ + @by@",
    "minus": "@v@ = @v@ - @by@",
    "times": "@v@ = @v@ * @by@",
    "quotient": "@v@ = @v@ // @by@",
    "rest": "@v@ = @v@ % @modulus@",
    "from": "@v@ = @modulus@ - @v@",
}
BRANCH: Final[Mapping[str, str]] = {
    "above": "@v@ = @v@ + @by@ if @v@ > @bound@ else @v@ * 2",
    "below": "@v@ = @v@ + @by@ if @v@ < @bound@ else @v@ * 2",
    "even": "@v@ = @v@ + @by@ if @v@ % 2 == 0 else @v@ * 2",
    "odd": "@v@ = @v@ + @by@ if @v@ % 2 == 1 else @v@ * 2",
    "third": "@v@ = @v@ + @by@ if @v@ % 3 == 0 else @v@ * 2",
    "not_third": "@v@ = @v@ + @by@ if @v@ % 3 else @v@ * 3",
}
SUM: Final[Mapping[str, str]] = {
    "to_end": "@v@ += sum(range(@end@))",
    "through_end": "@v@ += sum(range(@beyond@))",
    "from_two": "@v@ += sum(range(2, @end@))",
    "from_two_through_end": "@v@ += sum(range(2, @beyond@))",
    "by_two": "@v@ += sum(range(0, @end@, 2))",
    "count": "@v@ += len(range(@end@))",
}


def _pair(rng: Random, v: str, which: str, low: bool) -> list[Facet]:
    """An operation, a branch and a sum; the second three have other constants."""
    by = rng.randint(2, 5) if low else rng.randint(6, 9)
    end = rng.randint(4, 6) if low else rng.randint(7, 9)
    bound = rng.randint(10, 60) if low else rng.randint(100, 300)
    table = {f"{which}_operation": OPERATION, f"{which}_branch": BRANCH, f"{which}_sum": SUM}
    return steps_of(table, v=v, by=by, modulus=by * 9, bound=bound, end=end, beyond=end + 1)


def number_functions(rng: Random, difficulty: str) -> Sketch:
    v = name(rng)
    steps = [*_pair(rng, v, "first", True), *_pair(rng, v, "second", False)]
    start, constant = rng.randint(20, 60), rng.randint(100, 9_999)
    arguments = {
        "given": start,
        "one_more": start + 1,
        "one_less": start - 1,
        "two_more": start + 2,
        "three_less": start - 3,
        "five_more": start + 5,
        "ten_more": start + 10,
        "ten_less": start - 10,
    }
    chosen = rng.sample(steps, STEPS[difficulty])
    anchor = f"{v} = {v} + {constant}"
    return sketch(rng, f"number_functions:{constant}", v, chosen, anchor, arguments)
