"""Seeded raw material for programs: pronounceable words, digits, names of variables.

``random.Random`` seeded with a string gives the same sequence on every Python from
3.11 on, under any hash seed; only its ``random``-derived integer methods are used.
"""

from __future__ import annotations

from random import Random
from typing import Final

CONSONANTS: Final = "bcdfghklmnprstvz"
VOWELS: Final = "aeiou"
NAMES: Final = ("a", "b", "c", "s", "t", "x", "y")


def word(rng: Random, shortest: int, longest: int) -> str:
    """A lower-case word of alternating consonants and vowels, no letter twice."""
    length = rng.randint(shortest, longest)
    start = rng.randint(0, 1)
    consonants, vowels = list(CONSONANTS), list(VOWELS)
    rng.shuffle(consonants)
    rng.shuffle(vowels)
    return "".join(
        consonants[place // 2] if (place + start) % 2 == 0 else vowels[place // 2]
        for place in range(length)
    )


def digits(rng: Random, count: int, low: int = 1, high: int = 9) -> list[int]:
    """``count`` different integers from ``low`` to ``high`` inclusive, in drawn order."""
    return rng.sample(range(low, high + 1), count)


def name(rng: Random) -> str:
    return rng.choice(NAMES)


def two_names(rng: Random) -> tuple[str, str]:
    first, second = rng.sample(NAMES, 2)
    return first, second
