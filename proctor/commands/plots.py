"""``proctor plots``: DVC's plots as one page that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plots(
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.")] = Path(
        "plots.html"
    ),
    revisions: Annotated[
        list[str] | None,
        typer.Option("--rev", help="A revision or experiment; again to compare."),
    ] = None,
) -> None:
    """Draw what dvc.yaml declares as plots into one page with everything inside."""
    from contracts.files import write_atomically
    from proctor.plots import page, read_plots

    named = revisions or []
    found = read_plots(named)
    write_atomically(out, page(found, named))
    print(f"{out}: {len(found)} plots")
