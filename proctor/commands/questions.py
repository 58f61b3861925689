"""``proctor questions``: build a bank, import questions, validate a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proctor.output import note, print_json
from proctor.progress import Progress

app = typer.Typer(help="Build, import and validate questions.", no_args_is_help=True)


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
    path: Annotated[Path, typer.Argument(help="A .jsonl file, or a .csv file of MMLU's form.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check every row of a question file; the first bad one is named with its line."""
    from mcq.loaders import load_questions, questions_digest

    questions = load_questions(path)
    facts = {"path": str(path), "questions": len(questions), "digest": questions_digest(questions)}
    if as_json:
        print_json(facts)
    else:
        print(f"{path}: {len(questions)} questions, {facts['digest']}")


@app.command("import")
def import_(
    sources: Annotated[list[Path], typer.Argument(help="Files to read, .jsonl or .csv.")],
    out: Annotated[Path, typer.Option("--out", help="The .jsonl file to write.")],
) -> None:
    """Turn question files into one JSONL file; nothing is written if a row is bad."""
    from mcq.write import import_questions

    count = import_questions(sources, out)
    print(f"{out}: {count} questions from {len(sources)} files")
