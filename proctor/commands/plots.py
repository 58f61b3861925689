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
    from contracts.files import check_out, out_faults, write_atomically
    from proctor.plots import page, read_plots

    check_out(out)
    named = revisions or []
    text = page(found := read_plots(named), named)
    with out_faults(out):
        write_atomically(out, text)
    print(f"{out}: {len(found)} plots")
