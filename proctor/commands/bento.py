"""``proctor bento``: build a version's bento, serve one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proctor.output import note, print_json

app = typer.Typer(help="Build and serve bentos of registered versions.", no_args_is_help=True)


@app.command("build")
def build(
    ref: Annotated[str, typer.Argument(help="As in coding-mcqa@champion or coding-mcqa/3.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The .bento file to write.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Build the bento of a version, export it whole and record it in the ledger."""
    from contracts.models import ModelRef
    from proctor.registry_access import open_registry
    from proctor.settings import read_settings
    from proctor.version_bento import bento_path, build_version_bento

    settings = read_settings()
    registry = open_registry(settings)
    record = registry.resolve(ModelRef.parse(ref))
    path = out or bento_path(settings, record)
    built = build_version_bento(registry, settings, record, path)
    if as_json:
        facts = record.facts().model_dump(mode="json")
        print_json({"tag": built.tag, "bento": built.digest, "path": str(built.path), **facts})
    else:
        print(f"{built.path}: {built.tag} of {record.model}/{record.version}, {built.digest}")


@app.command("serve")
def serve(
    target: Annotated[
        str, typer.Argument(help="A .bento file, an unpacked one, or a version reference.")
    ],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 3000,
) -> None:
    """Answer at POST /answer with the version in a bento, until told to end."""
    from bentos.serving import serve as serve_bento
    from bentos.serving import unpacked
    from contracts.models import ModelRef
    from proctor.listening import listen
    from proctor.registry_access import open_registry
    from proctor.settings import read_settings
    from proctor.version_bento import version_bento

    settings = read_settings()
    path, digest = Path(target), None
    if not path.exists() and ("@" in target or not target.endswith(".bento")):
        registry = open_registry(settings)
        record = registry.resolve(ModelRef.parse(target))
        found = version_bento(registry, settings, record)
        path, digest = found.path, found.digest
    folder = unpacked(path, settings.home, expected_digest=digest)
    # Told before the seconds that BentoML takes to find out.
    listen("answerer", host, port).close()
    note(f"serving {folder} at http://{host}:{port}")
    serve_bento(folder, settings.home, host=host, port=port)
