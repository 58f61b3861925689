"""The families of functions, for every kind of question but ``output``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Final

from mcq.bank.sketches.lists import list_functions
from mcq.bank.sketches.numbers import number_functions
from mcq.bank.sketches.sketch import Sketch
from mcq.bank.sketches.strings import string_functions
from mcq.bank.sketches.tables import table_functions

SKETCHES: Final[Mapping[str, Callable[[Random, str], Sketch]]] = MappingProxyType(
    {
        "list_functions": list_functions,
        "number_functions": number_functions,
        "string_functions": string_functions,
        "table_functions": table_functions,
    }
)
