"""``proctor traffic``: how callers are shared out between the slots, seen and set by hand."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from contracts.errors import BadInput
from contracts.traffic import CANARY, TrafficSplit
from proctor.output import print_json, print_table
from proctor.settings import read_settings

app = typer.Typer(
    help="See and set how callers are shared out between slots.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def _open() -> Any:
    from proctor.registry_access import open_registry

    return open_registry(read_settings())


@app.command("show")
def show(as_json: Json = False) -> None:
    """What answers in which slot, and which share of callers goes there."""
    state = _open().ledger.state()
    if as_json:
        print_json({"slots": state.slots, "split": state.split})
        return
    split = state.split
    shares = {CANARY: split.canary_ratio}
    rows = [
        (
            slot,
            f"{runs.model}/{runs.version}",
            f"{shares.get(slot, 1.0 - split.canary_ratio):.2%}",
            "yes" if split.shadow == slot else "no",
            runs.digest[:19],
            runs.url,
        )
        for slot, runs in sorted(state.slots.items(), reverse=True)
    ]
    columns = ["slot", "version", "callers", "shadow", "digest", "url"]
    print_table(f"drawn with the salt {split.salt!r}", columns, rows)


@app.command("set")
def set_(
    canary: Annotated[
        float | None,
        typer.Option("--canary", help="Share of callers for the canary, from 0 to 1."),
    ] = None,
    shadow: Annotated[
        str | None,
        typer.Option("--shadow", help="Slot that hears a copy of every question, or none."),
    ] = None,
    salt: Annotated[
        str | None,
        typer.Option("--salt", help="Draw callers anew by this; by default as before."),
    ] = None,
    why: Annotated[str, typer.Option("--why", help="The reason, for the ledger.")] = "by hand",
    as_json: Json = False,
) -> None:
    """Move callers between the slots; what is not named stays as it is."""
    from proctor.traffic import changed_split

    if canary is None and shadow is None and salt is None:
        raise BadInput("nothing is to be set.", mend="Give --canary, --shadow or --salt.")
    registry = _open()
    split = changed_split(registry.ledger.state(), canary=canary, shadow=shadow, salt=salt)
    before = registry.move_traffic(split, why=why)
    if as_json:
        print_json({"before": before, "split": split})
    elif before == split:
        print(f"callers are shared out so already: {_told(split)}")
    else:
        print(f"{_told(split)}; before: {_told(before)}")


def _told(split: TrafficSplit) -> str:
    shadow = f", shadow {split.shadow}" if split.shadow else ""
    return f"canary {split.canary_ratio:.2%} of callers{shadow}"
