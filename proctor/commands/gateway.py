"""``proctor gateway``: the HTTP front door, on the plan that the ledger gives.

``serve`` has an option for every setting of ``gateway.settings``, made from what stands there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

app = typer.Typer(help="Serve the HTTP gateway.", no_args_is_help=True)
_ALSO: Final = {"deadline_seconds": ("--deadline",)}


@app.callback()
def _noun() -> None:
    """Serve the HTTP gateway."""


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with an option for every setting in the place of ``**given``."""
    from gateway.settings import GatewaySettings, variable_of

    *own, _ = inspect.signature(command, eval_str=True).parameters.values()
    options = []
    for name, field in GatewaySettings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        kind: Any = field.annotation if field.annotation in {bool, int, float} else str
        spelled = (f"{flag}/--no-{flag[2:]}",) if kind is bool else (flag, *_ALSO.get(name, ()))
        option = typer.Option(
            *spelled,
            help=f"{field.description} {field.default} by default; {variable_of(name)}.",
            show_default=False,
        )
        options.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[kind | None, option],
            )
        )
    command.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    return command


@app.command("serve")
@_with_settings
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 8080,
    open_to_all: Annotated[
        int,
        typer.Option(
            "--open",
            count=True,
            help="Ask for no key, for trials; beyond loopback it must be said twice.",
        ),
    ] = 0,
    **given: Any,
) -> None:
    """Answer questions at POST /v1/answers until told to end (SIGTERM, Ctrl-C)."""
    from gateway.settings import read_gateway_settings
    from proctor.front_door import serve_front_door
    from proctor.settings import read_settings

    settings = read_gateway_settings(given)
    serve_front_door(read_settings(), settings, host=host, port=port, open_to_all=open_to_all)
