"""``proctor ask``: one question to the gateway, as any caller would put it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from contracts.answers import Answer, AnswerRequest
from contracts.explanations import Explanation
from proctor.output import print_json, print_table
from proctor.settings import api_key, gateway_url, read_settings

# A model may write what a terminal takes for orders.
_CONTROLS: Final = re.compile(r"[^\S \n\t]|[\x00-\x08\x0e-\x1f\x7f-\x9f]")


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
    explain: Annotated[
        bool, typer.Option("--explain", help="Have the answer explained; print it as it comes.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds; with --explain, of silence.")
    ] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Ask a question; print letter, probabilities, version and request id, or an explanation."""
    from proctor.asking import ask_gateway, question_from_file, question_from_words

    if file is not None:
        asked = question_from_file(file, identity)
    else:
        asked = question_from_words(question, code, code_file, choice or [])
    settings = read_settings()
    gateway, key = url or gateway_url(settings), api_key(settings)
    if explain:
        _explain(gateway, asked, timeout, key, as_json=as_json)
        return
    reply = ask_gateway(gateway, asked, timeout_seconds=timeout, key=key)
    if as_json:
        print_json(reply)
        return
    _print_answer(reply, asked)
    print(f"request {reply.request_id}")


def _explain(
    gateway: str, asked: AnswerRequest, timeout: float, key: str | None, *, as_json: bool
) -> None:
    """The answer, then the text as it is written, then how the two agree."""
    from proctor.explaining import ask_for_explanation

    def ask(**heard: Any) -> Explanation:
        return ask_for_explanation(gateway, asked, timeout_seconds=timeout, key=key, **heard)

    if as_json:
        print_json(ask())
        return
    told = ask(
        on_scored=lambda answer: _print_answer(answer, asked),
        on_text=lambda piece: print(_CONTROLS.sub("", piece), end="", flush=True),
    )
    print("" if told.text.endswith("\n") else "\n", end="")
    scored = told.scored.letter
    agreement = {
        True: f"the text agrees with the scored answer, {scored}",
        False: f"the text does NOT agree with the scored answer, {scored}",
        None: f"the text states no letter; the scored answer is {scored}",
    }[told.agrees]
    print(f"({'; '.join([agreement, *_doubts(told)])})")


def _doubts(told: Explanation) -> list[str]:
    return [
        *([] if told.parsed else ["it has not the parts of an explanation"]),
        *(["it was cut at the limit"] if told.truncated else []),
    ]


def _print_answer(reply: Answer, asked: AnswerRequest) -> None:
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
