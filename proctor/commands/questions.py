"""``proctor questions``: build a bank, import questions, validate a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proctor.commands.question_sources import (
    SOURCE_HELP,
    Answers,
    Columns,
    Config,
    Format,
    IgnoreColumns,
    Labels,
    Revision,
    Split,
    source_of,
)
from proctor.output import note, print_json
from proctor.progress import Progress

if TYPE_CHECKING:
    from mcq.loaders import Reading

app = typer.Typer(help="Build, import and validate questions.", no_args_is_help=True)

SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Pass over bad rows, count and list them; else refused.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("build")
def build(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    count: Annotated[int, typer.Option("--count", min=24, help="Questions, all splits.")] = 5_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bank.")] = 0,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; the bytes do not change.")
    ] = None,
) -> None:
    """Generate a bank by running programs: train, validation and test, with proofs."""
    from mcq.bank.build import build_bank
    from mcq.write import write_bank

    with Progress("questions", count, "questions") as progress:
        bank = build_bank(count, seed, workers=workers, progress=progress.to)
    manifest = write_bank(bank, out)
    note(
        f"{out}: "
        + ", ".join(f"{name} {facts['questions']}" for name, facts in manifest["splits"].items())
    )


@app.command("validate")
def validate(
    path: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP)],
    *,
    skip_bad: SkipBad = False,
    format_name: Format = None,
    revision: Revision = None,
    config: Config = None,
    split: Split = None,
    columns: Columns = None,
    ignore_columns: IgnoreColumns = False,
    answers: Answers = None,
    error_labels: Labels = "leave-out",
    as_json: AsJson = False,
) -> None:
    """Check every row of a source; the first bad one is named with its line."""
    from mcq.loaders import Reading, questions_digest

    source = source_of(
        path,
        format_name=format_name,
        revision=revision,
        config=config,
        split=split,
        columns=columns,
        ignore_columns=ignore_columns,
        answers=answers,
        error_labels=error_labels,
    )
    reading = Reading([source], skip_bad=skip_bad)
    digest = questions_digest(reading)
    if as_json:
        facts = {"path": path, "questions": reading.questions, "digest": digest}
        print_json({**facts, **_passed_over(reading)})
    else:
        print(f"{path}: {reading.questions} questions, {digest}")
        _tell_passed_over(reading)


@app.command("import")
def import_(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCES...", help=SOURCE_HELP)],
    out: Annotated[Path, typer.Option("--out", help="The .jsonl file to write.")],
    *,
    skip_bad: SkipBad = False,
    format_name: Format = None,
    revision: Revision = None,
    config: Config = None,
    split: Split = None,
    columns: Columns = None,
    ignore_columns: IgnoreColumns = False,
    answers: Answers = None,
    error_labels: Labels = "leave-out",
    as_json: AsJson = False,
) -> None:
    """Turn sources of questions into one JSONL file; nothing is written if a row is bad."""
    from mcq.write import import_questions

    found = [
        source_of(
            text,
            format_name=format_name,
            revision=revision,
            config=config,
            split=split,
            columns=columns,
            ignore_columns=ignore_columns,
            answers=answers,
            error_labels=error_labels,
        )
        for text in sources
    ]
    reading = import_questions(found, out, skip_bad=skip_bad)
    if as_json:
        facts = {"path": str(out), "questions": reading.questions, "sources": list(sources)}
        print_json({**facts, **_passed_over(reading)})
    else:
        files = "1 file" if len(found) == 1 else f"{len(found)} files"
        print(f"{out}: {reading.questions} questions from {files}")
        _tell_passed_over(reading)


def _passed_over(reading: Reading) -> dict[str, Any]:
    return {
        "skipped": [
            {"file": bad.place.source, "line": bad.place.line, "reason": bad.reason}
            for bad in reading.skipped
        ],
        "left_out": dict(sorted(reading.left_out.items())),
    }


def _tell_passed_over(reading: Reading) -> None:
    for label, count in sorted(reading.left_out.items()):
        print(f"left out as {label}: {count}")
    if reading.skipped:
        print(f"skipped: {len(reading.skipped)} bad rows")
    for bad in reading.skipped:
        print(f"  {bad.place.source}:{bad.place.line}: {bad.reason}")
