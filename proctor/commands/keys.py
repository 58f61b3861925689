"""``proctor keys``: who may ask the gateway. A key is shown once, when it is made."""

from __future__ import annotations

from typing import Annotated

import typer

from contracts.faults import first_fault
from proctor.output import note, print_json, print_table
from proctor.settings import read_settings

app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes.")]


@app.command("add")
def add(
    name: Name,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", help="answer, feedback or admin; repeatable. By default the first two."
        ),
    ] = None,
    requests_per_second: Annotated[
        float | None,
        typer.Option("--requests-per-second", help="Requests a second; without a limit else."),
    ] = None,
    burst: Annotated[
        int | None,
        typer.Option("--burst", help="Requests at once before that rate counts; a second's worth."),
    ] = None,
    concurrent: Annotated[
        int | None, typer.Option("--concurrent", help="Requests under way; without a limit else.")
    ] = None,
) -> None:
    """Make a key and print it, this once."""
    from pydantic import ValidationError

    from contracts.errors import BadInput
    from gateway.key_file import utc_now
    from gateway.keys import Key
    from proctor.api_keys import make_key

    try:
        key = Key.model_validate(
            {
                "id": name,
                "scopes": scope or ["answer", "feedback"],
                "requests_per_second": requests_per_second,
                "burst": burst,
                "concurrent": concurrent,
            }
        )
    except ValidationError as error:
        raise BadInput(
            f"this cannot be a key: {first_fault(error)}.",
            mend="A name is up to 40 lower-case letters, digits and dashes, as in web-1; scopes"
            " are answer, feedback and admin.",
        ) from error
    presented = make_key(read_settings().keys_file, key, utc_now())
    note(f"{name} may {' and '.join(sorted(key.scopes))}. It is not shown again:")
    print(presented)


@app.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Every key with scopes, limits and the age of its secrets; never a secret."""
    from gateway.key_file import read_keys, utc_now

    settings, now = read_settings(), utc_now()
    rows = [kept.shown(now) for kept in read_keys(settings.keys_file).keys]
    if as_json:
        print_json(rows)
    elif rows:
        print_table("", list(rows[0]), [list(row.values()) for row in rows])
    else:
        print("there are no keys: `proctor keys add` makes one")


@app.command("rotate")
def rotate(
    name: Name,
    grace: Annotated[
        str, typer.Option("--grace", help="How long the old one counts: 1d, 12h, 30m, 45s or 0.")
    ] = "1d",
) -> None:
    """Give a key a new secret and print it, this once; the old one counts for a while."""
    from gateway.key_file import utc_now
    from proctor.api_keys import read_duration, renew_key

    presented = renew_key(read_settings().keys_file, name, read_duration(grace), utc_now())
    note(f"{name} has a new secret; the old one counts for {grace}. It is not shown again:")
    print(presented)


@app.command("revoke")
def revoke(name: Name) -> None:
    """Let a key count no longer. Gateways notice within a second."""
    from gateway.key_file import revoke_key, utc_now

    revoke_key(read_settings().keys_file, name, utc_now())
    note(f"{name} is revoked")
