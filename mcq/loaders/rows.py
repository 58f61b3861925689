"""The protocol of all loaders: records in, rows out, one at a time.

A record is what a container holds (a line of JSON, a row of CSV), fields by name. A row is
what a format makes of it: a good question, a bad row with its reason, or one left out
because its label says that the question is faulty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from contracts.errors import BadRow
from contracts.questions import Question
from contracts.sources import QuestionSource


@dataclass(frozen=True, slots=True)
class Place:
    """``source`` is a path or an address. ``line`` counts from 1: where the row begins, or,
    in Parquet files and datasets, which row it is."""

    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a container, not yet understood."""

    place: Place
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Good:
    place: Place
    question: Question


@dataclass(frozen=True, slots=True)
class Bad:
    place: Place
    reason: str

    def error(self) -> BadRow:
        """The same as an error, to refuse it."""
        return BadRow(self.place.source, self.place.line, self.reason)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sound row whose ``label`` says that its question is faulty."""

    place: Place
    label: str


Row = Good | Bad | LeftOut
Records = Iterator[Record | Bad]


class Loader(Protocol):
    """One format. Reads no further than it is asked, holds one record at a time, and raises
    nothing for what stands in a row: that becomes ``Bad``."""

    def __call__(
        self, records: Iterable[Record | Bad], source: QuestionSource
    ) -> Iterator[Row]: ...


class BadRecord(ValueError):
    """Raised by a format for a record that is no question; its text is the reason."""


class Faulty(Exception):
    """Raised by a format for a record that its label leaves out."""

    def __init__(self, label: str) -> None:
        self.label = label
        super().__init__(label)


def rows_from(
    records: Iterable[Record | Bad], to_question: Callable[[Mapping[str, Any]], Question]
) -> Iterator[Row]:
    """A row for each record. ``to_question`` raises ``BadRecord`` (or pydantic's
    ``ValidationError``) for a bad one and ``Faulty`` for one to leave out."""
    for record in records:
        if isinstance(record, Bad):
            yield record
            continue
        try:
            yield Good(record.place, to_question(record.fields))
        except Faulty as faulty:
            yield LeftOut(record.place, faulty.label)
        except (BadRecord, ValidationError) as error:
            yield Bad(record.place, reason_of(error))


def reason_of(error: BadRecord | ValidationError) -> str:
    """The first fault in one line, as in ``choices.1: String should have ...``."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    text = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {text}" if where else text
