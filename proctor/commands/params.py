"""``proctor params``: what ``params.yaml`` says, or what it may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.params import Params
from proctor.output import print_json
from proctor.params import DEFAULT_PATH, load_params


def params(
    path: Annotated[Path, typer.Option("--params", help="The file to read.")] = DEFAULT_PATH,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print every key with unit and range instead.")
    ] = False,
) -> None:
    """Check params.yaml and print it, or print its JSON Schema."""
    print_json(Params.model_json_schema() if schema else load_params(path))
