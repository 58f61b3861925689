"""``proctor ask``: one question to the gateway, as any caller would put it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proctor.output import print_json, print_table
from proctor.settings import gateway_url, read_settings


def ask(
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            help="The gateway; the local stack's by default.",
            envvar="PROCTOR_GATEWAY_URL",
            show_default=False,
        ),
    ] = None,
    question: Annotated[str | None, typer.Option("--question", help="The question.")] = None,
    code: Annotated[str | None, typer.Option("--code", help="The code it is about.")] = None,
    code_file: Annotated[
        Path | None, typer.Option("--code-file", help="The code it is about, from a file.")
    ] = None,
    choice: Annotated[
        list[str] | None, typer.Option("--choice", help="A choice; two to ten of them.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A question file to take the question from.")
    ] = None,
    identity: Annotated[
        str | None, typer.Option("--id", help="Which question of --file; the first by default.")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Ask a question; print letter, probabilities, version and request id."""
    from proctor.asking import ask_gateway, question_from_file, question_from_words

    if file is not None:
        asked = question_from_file(file, identity)
    else:
        asked = question_from_words(question, code, code_file, choice or [])
    reply = ask_gateway(url or gateway_url(read_settings()), asked, timeout_seconds=timeout)
    if as_json:
        print_json(reply)
        return
    print_table(
        "",
        ("", "choice", "probability"),
        (
            (f"> {letter}" if letter == reply.letter else f"  {letter}", repr(text), f"{share:.4f}")
            for (letter, share), text in zip(
                sorted(reply.probabilities.items()), asked.choices, strict=True
            )
        ),
    )
    by = reply.version
    print(f"{reply.letter}, by {by.model}/{by.version} ({by.digest[:19]}…), {by.scoring} scoring")
    print(f"request {reply.request_id}")
