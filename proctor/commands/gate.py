"""``proctor gate``: the verdict on an evaluation, against the pinned champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import CouldNotJudge, GateNotPassed
from proctor.output import print_json
from proctor.params import DEFAULT_PATH, load_params


def gate(
    evaluation: Annotated[
        Path, typer.Option("--evaluation", help="The evaluation to judge.")
    ] = Path("out/evaluation.json"),
    records: Annotated[Path, typer.Option("--records", help="Its records.")] = Path(
        "out/records.jsonl"
    ),
    champion: Annotated[
        Path, typer.Option("--champion", help="The pin of the champion to judge against.")
    ] = Path("pipelines/champion.json"),
    out: Annotated[Path, typer.Option("--out", help="Where the verdict goes.")] = Path(
        "out/verdict.json"
    ),
    path: Annotated[Path, typer.Option("--params", help="The parameters.")] = DEFAULT_PATH,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 on reject and 4 on could-not-judge.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Judge an evaluation: pass, reject or could-not-judge; the verdict goes to a file."""
    from evaluation.gate import judge
    from evaluation.results import read_evaluation, read_pin, read_records_of, write_shape

    params = load_params(path)
    result = read_evaluation(evaluation)
    verdict = judge(
        result, read_records_of(result, records), read_pin(champion, params.model), params.gate
    )
    write_shape(out, verdict)
    if as_json:
        print_json(verdict)
    else:
        print(f"{verdict.decision} ({verdict.rule}): {verdict.reason}")
    if strict and verdict.decision == "reject":
        raise GateNotPassed(f"checkpoint {verdict.digest[:19]}…", verdict.reason)
    if strict and verdict.decision == "could-not-judge":
        raise CouldNotJudge(f"checkpoint {verdict.digest[:19]}…", verdict.reason)
