"""``proctor gateway``: the HTTP front door, on the plan that the ledger gives."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Serve the HTTP gateway.", no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """Serve the HTTP gateway."""


@app.command("serve")
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 8080,
    deadline: Annotated[
        float, typer.Option("--deadline", min=0.1, help="Seconds for one answer.")
    ] = 10.0,
) -> None:
    """Answer questions at POST /v1/answers until told to end (SIGTERM, Ctrl-C)."""
    from gateway.app import GatewaySettings, create_app
    from proctor.plan import LedgerPlan
    from proctor.serving import serve_app
    from proctor.settings import read_settings
    from registry.ledger import Ledger

    with LedgerPlan(Ledger(read_settings().ledger_url)) as plan:
        app = create_app(plan, settings=GatewaySettings(deadline_seconds=deadline))
        serve_app(app, service="gateway", host=host, port=port)
