"""``proctor sweep``: the pipeline over several values of some settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import Refused
from proctor.output import print_json, print_table
from proctor.params import DEFAULT_PATH
from proctor.settings import read_settings

if TYPE_CHECKING:
    from evaluation.sweep_run import SweepRow


def sweep(
    name: Annotated[str, typer.Argument(help="Name of the sweep; its experiments' begin so.")],
    axes: Annotated[
        list[str],
        typer.Option("--set", help="KEY=VALUE,VALUE of params.yaml; again for another axis."),
    ],
    path: Annotated[Path, typer.Option("--params", help="The parameters.")] = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run the pipeline for every combination, as DVC experiments below one MLflow run."""
    from proctor.commit import current_commit
    from proctor.interruption import sigterm_interrupts
    from proctor.sweep import parse_axes, sweep

    parsed = parse_axes(axes)
    with sigterm_interrupts():
        rows = sweep(
            name,
            parsed,
            settings=read_settings(),
            commit=current_commit(),
            params_path=path,
        )
    if as_json:
        print_json(rows)
    else:
        columns = ["experiment", *parsed, "accuracy", "95 %", "verdict", "training run"]
        print_table(f"sweep {name}", columns, [_cells(row, list(parsed)) for row in rows])
    failed = [row.experiment for row in rows if row.accuracy_ratio is None]
    if failed:
        raise Refused(
            f"{len(failed)} of {len(rows)} experiments failed: {', '.join(failed)}.",
            mend="What they said stands above; the same command runs only these again.",
        )


def _cells(row: SweepRow, keys: list[str]) -> list[object]:
    settings = [row.settings[key] for key in keys]
    if row.accuracy_ratio is None:
        return [row.experiment, *settings, "failed", "", "", ""]
    interval = f"{row.accuracy_lower_ratio:.3f} to {row.accuracy_upper_ratio:.3f}"
    accuracy = f"{row.accuracy_ratio:.3f}"
    return [row.experiment, *settings, accuracy, interval, row.verdict, row.training_run_id]
