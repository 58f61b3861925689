"""The families of programs, in the order in which they are drawn.

A family is a function from a seeded generator and a difficulty to a group of sibling
programs. Adding one is adding it here; the bank, its counts and its tests follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Final

from mcq.bank.families.functions import closures, functions, recursion
from mcq.bank.families.lists import aliasing, list_methods, mutation
from mcq.bank.families.logic import booleans, division, sets
from mcq.bank.families.loops import comprehensions, loops, nested_loops
from mcq.bank.families.names import dictionaries, exceptions, scoping
from mcq.bank.families.sequences import indexing, repetition, slicing
from mcq.bank.families.strings import fstrings, string_methods
from mcq.bank.group import Group

DIFFICULTIES: Final = ("easy", "medium", "hard")

Family = Callable[[Random, str], Group]

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "aliasing": aliasing,
        "booleans": booleans,
        "closures": closures,
        "comprehensions": comprehensions,
        "dictionaries": dictionaries,
        "division": division,
        "exceptions": exceptions,
        "fstrings": fstrings,
        "functions": functions,
        "indexing": indexing,
        "list_methods": list_methods,
        "loops": loops,
        "mutation": mutation,
        "nested_loops": nested_loops,
        "recursion": recursion,
        "repetition": repetition,
        "scoping": scoping,
        "sets": sets,
        "slicing": slicing,
        "string_methods": string_methods,
    }
)
