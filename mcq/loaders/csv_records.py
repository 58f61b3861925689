"""Records from CSV (RFC 4180), with a header or without one as MMLU has it.

With a header a record has the columns' names; without one it has a single field ``CELLS``,
the list of cells. A row may span lines inside quotes; its line is where it begins.
"""

from __future__ import annotations

import csv
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

from contracts.errors import BadInput
from mcq.loaders.lines import Lines, Unreadable
from mcq.loaders.rows import Bad, Place, Record, Records

CELLS: Final = "cells"

# A header names both; a row of MMLU's form ends in a letter and has no reason to.
_MARKS: Final = frozenset({"question", "answer"})


def csv_records(path: Path, *, header: bool | None) -> Records:
    """``header``: whether the first row is one; ``None`` looks at it. Raises ``BadInput``
    for a header that names a column twice or not at all."""
    names: list[str] | None = None
    with closing(_rows(path)) as rows:
        for row in rows:
            if isinstance(row, Bad):
                yield row
                continue
            place, cells = row
            if names is None and header is not False:
                plain = [cell.strip() for cell in cells]
                if header or {name.lower() for name in plain} >= _MARKS:
                    names = _checked(path, plain)
                    continue
                header = False
            if names is None:
                yield Record(place, {CELLS: cells})
            elif len(cells) != len(names):
                yield Bad(place, f"{len(cells)} cells, where the header has {len(names)}")
            else:
                yield Record(place, dict(zip(names, cells, strict=True)))


def _checked(path: Path, names: list[str]) -> list[str]:
    for place, name in enumerate(names):
        if not name:
            raise BadInput(f"{path}: column {place + 1} has no name.", mend="Name it.")
        if name in names[:place]:
            raise BadInput(f"{path}: two columns are named {name}.", mend="Rename one of them.")
    return names


def _rows(path: Path) -> Generator[tuple[Place, list[str]] | Bad]:
    """Place and cells of every row that is not empty."""
    with Lines(path) as lines:
        reader = csv.reader(lines, strict=True)
        while True:
            start = lines.number + 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield Bad(Place(str(path), start), str(error))
                continue
            except Unreadable as error:
                yield Bad(Place(str(path), error.line), error.reason)
                continue
            if row is None:
                return
            if row:
                yield Place(str(path), start), row
