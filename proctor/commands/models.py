"""``proctor models``: the base models that ``params.yaml`` names, and how to bring them here."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from proctor.output import note, print_json, print_table
from proctor.params import DEFAULT_PATH, load_params
from proctor.settings import read_settings

app = typer.Typer(help="List and fetch base models.", no_args_is_help=True)

Params = Annotated[Path, typer.Option("--params", help="The parameters.")]
Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("list")
def list_(path: Params = DEFAULT_PATH, as_json: Json = False) -> None:
    """The profiles of params.yaml: source, scoring, whether they are here and work offline."""
    from training.bases.resolve import availability

    found = availability(load_params(path).profiles, home=read_settings().home)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    rows = [
        (one.name, one.source, one.origin, one.scoring, _word(one.here), _word(one.offline))
        for one in found
    ]
    print_table("", ["profile", "source", "origin", "scoring", "here", "works offline"], rows)


def _word(yes: bool) -> str:
    return "yes" if yes else "no"


@app.command("fetch")
def fetch(
    profile: Annotated[str, typer.Argument(help="A profile of params.yaml.")],
    path: Params = DEFAULT_PATH,
    as_json: Json = False,
) -> None:
    """Bring a profile's weights here; nothing is fetched twice. Prints folder and digest."""
    params = load_params(path)
    from proctor.interruption import sigterm_interrupts
    from training.bases.resolve import base_profile, resolve

    base_profile(profile, params.profiles)
    note(f"{profile}: looking for its weights")
    with sigterm_interrupts():
        base = resolve(profile, params.profiles, home=read_settings().home)
    if as_json:
        print_json(
            {
                "profile": base.name,
                "folder": str(base.folder),
                "digest": base.digest,
                "scoring": base.scoring,
                "origin": dict(base.origin),
            }
        )
    else:
        print(f"{base.folder} {base.digest}")
