"""The families of programs, in the order in which they are drawn.

A family is a function from a seeded generator and a difficulty to a draft. Adding one
is adding it here; the bank, its counts and its documentation follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Final

from mcq.bank.families.lists import aliasing, list_methods
from mcq.bank.families.logic import booleans, loops
from mcq.bank.families.sequences import indexing, slicing
from mcq.bank.families.strings import repetition, string_methods
from mcq.bank.program import Draft

DIFFICULTIES: Final = ("easy", "medium", "hard")

Family = Callable[[Random, str], Draft]

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "aliasing": aliasing,
        "booleans": booleans,
        "indexing": indexing,
        "list_methods": list_methods,
        "loops": loops,
        "repetition": repetition,
        "slicing": slicing,
        "string_methods": string_methods,
    }
)
