"""What pydantic found wrong, in words: where, and what is wrong there.

Two forms, for two readers: the first fault, for somebody who mends a file line by line,
and every fault, for somebody who mends a whole document. What was given is never quoted.
Source: https://docs.pydantic.dev/latest/errors/validation_errors/ (types of faults).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

Location = tuple[int | str, ...]


def dotted(location: Location) -> str:
    """As in ``proof.printed.2``."""
    return ".".join(str(part) for part in location)


def told(fault: Mapping[str, Any]) -> str:
    """Pydantic's own message, without what it puts before one of ours."""
    return str(fault["msg"]).removeprefix("Value error, ")


def first_fault(error: ValidationError) -> str:
    """The first fault, as in ``choices: Field required``; without a place where it is the
    whole that is wrong."""
    return every_fault(error)[0]


def every_fault(
    error: ValidationError,
    *,
    place: Callable[[Location], str] = dotted,
    words: Callable[[Mapping[str, Any]], str] = told,
) -> tuple[str, ...]:
    """One line a fault, in pydantic's order; ``place`` and ``words`` spell its two halves."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        where = place(fault["loc"])
        lines.append(f"{where}: {words(fault)}" if where else words(fault))
    return tuple(lines)
