"""A table in Markdown, for cards that people read in MLflow's pages.

Source: https://github.github.com/gfm/#tables-extension-
"""

from __future__ import annotations

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A line of ``columns`` and a line a row. A cell holds neither ``|`` nor a line end:
    whoever has such a text changes it first."""
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
