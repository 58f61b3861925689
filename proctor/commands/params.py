"""``proctor params``: what ``params.yaml`` says, or what it may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.params import Params
from proctor.output import json_text
from proctor.params import DEFAULT_PATH, chosen_profile, load_params


def params(
    path: Annotated[Path, typer.Option("--params", help="The file to read.")] = DEFAULT_PATH,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print every key with unit and range instead.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Print the chosen profile and its fine-tuning only.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file instead of printing.")
    ] = None,
) -> None:
    """Check params.yaml and print it, or print its JSON Schema."""
    from contracts.files import write_atomically

    if schema:
        text = json_text(Params.model_json_schema())
    else:
        found = load_params(path)
        text = json_text(chosen_profile(found) if profile else found)
    if out is None:
        print(text, end="")
    else:
        write_atomically(out, text)
