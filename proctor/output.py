"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def json_text(value: Any) -> str:
    """One JSON document, indented, with a newline at the end."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n"


def print_json(value: Any) -> None:
    """``json_text`` on standard output, for ``--json``."""
    print(json_text(value), end="")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; as wide as the terminal, unbroken when it is none."""
    console = Console(width=None if Console().is_terminal else 200)
    # Text, not str: in a str, rich would take "[1]" or "[red]" for its own markup.
    table = Table(*columns, title=Text(title) if title else None, title_justify="left")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console.print(table)


def note(text: str) -> None:
    """A line about progress, on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
