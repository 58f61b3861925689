"""Four choices out of siblings, by a rule that treats all of them alike.

Accepted are four whose answers differ pairwise as text and as value, are of the same
types and of similar length. The rule is a relation between any two and never knows which
of them will be asked: ``build`` draws that afterwards. So, given the four, each is the
right one with probability 1/4, whatever they look like.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, TypeVar

from mcq.bank.execution import Outcome

CHOICES: Final = 4
# What may be a literal: the parser warns of some texts that are none, as of "1if".
LITERAL: Final = re.compile(r"[\[({'\"]|-?[0-9.]+(e[+-]?[0-9]+)?$|(True|False|None)$")
T = TypeVar("T")


def value_of(text: str) -> object:
    """What the text denotes, so that 1.0 and 1.00 are the same; the text when nothing."""
    if not LITERAL.match(text):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError):
        return text


def similar(one: str, other: str) -> bool:
    """Whether two texts are of about the same length."""
    return abs(len(one) - len(other)) <= max(3, min(len(one), len(other)) // 2)


def usable(outcome: Outcome) -> bool:
    """Whether a program ended well and printed something."""
    return outcome.status == "ok" and outcome.printed.strip() != ""


def alike(one: Outcome, other: Outcome) -> bool:
    """Whether both may be choices of one question; symmetric."""
    first, second = value_of(one.printed), value_of(other.printed)
    return (
        one.types == other.types
        and one.printed.strip() != other.printed.strip()
        and similar(one.printed, other.printed)
        and type(first) is type(second)
        and first != second
    )


def pick(
    candidates: Sequence[T], matches: Callable[[T, T], bool], count: int, rng: Random
) -> list[T] | None:
    """``count`` candidates in random order of which any two match, or ``None``.

    They are taken greedily in a random order, so that four that exist may be missed; the
    group is then drawn again.
    """
    order = list(candidates)
    rng.shuffle(order)
    for first in range(len(order) - count + 1):
        taken = [order[first]]
        for other in order[first + 1 :]:
            if all(matches(one, other) for one in taken):
                taken.append(other)
                if len(taken) == count:
                    return taken
    return None
