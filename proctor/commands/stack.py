"""``proctor up``, ``proctor status`` and ``proctor down``: the local stack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import ServiceAway
from proctor.output import note, print_json, print_table
from proctor.params import DEFAULT_PATH, load_params
from proctor.settings import read_settings


def up(
    mlflow_port: Annotated[
        int, typer.Option("--mlflow-port", min=1, max=65535, help="MLflow's port on loopback.")
    ] = 5500,
    gateway_port: Annotated[
        int,
        typer.Option("--gateway-port", min=1, max=65535, help="The gateway's port on loopback."),
    ] = 8080,
    path: Annotated[Path, typer.Option("--params", help="The parameters.")] = DEFAULT_PATH,
) -> None:
    """Start MLflow, the champion's answerer and the gateway; wait until each is ready."""
    from proctor.interruption import sigterm_interrupts
    from proctor.stack import Ports, Stack

    model = load_params(path).model
    with sigterm_interrupts() as interruption:
        stack = Stack(read_settings(), note, interruption.held)
        stack.up(model, Ports(mlflow=mlflow_port, gateway=gateway_port))


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """What the local stack runs, where, and whether it is ready; ends with 3 if not all is."""
    from proctor.stack import Stack

    rows = [
        {
            "service": process.service,
            "url": process.url,
            "state": "ready" if process.is_ready() else "alive" if process.is_alive() else "dead",
            "version": process.detail.get("version"),
            "pid": process.pid,
            "log": str(process.log),
        }
        for process in Stack(read_settings(), note).processes().values()
    ]
    if as_json:
        print_json(rows)
    elif rows:
        print_table("", list(rows[0]), [list(row.values()) for row in rows])
    else:
        print("nothing was started here: `proctor up` does")
    down = [str(row["service"]) for row in rows if row["state"] != "ready"]
    if down:
        raise ServiceAway(f"not ready: {', '.join(down)}.", mend="`proctor up` starts it again.")


def down() -> None:
    """End what `proctor up` started, and nothing else."""
    from proctor.stack import Stack

    if not Stack(read_settings(), note).down():
        note("nothing was running")
