"""``proctor questions``: build, verify and audit a bank, import questions, validate a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import BadInput
from contracts.questions import Question
from proctor.output import note, print_json, print_table
from proctor.progress import Progress

app = typer.Typer(help="Build, import and validate questions.", no_args_is_help=True)


@app.command("build")
def build(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    count: Annotated[int, typer.Option("--count", min=24, help="Questions, all splits.")] = 5_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bank.")] = 0,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kinds", help="A kind of question; may be repeated. All by default."),
    ] = None,
    families: Annotated[
        list[str] | None,
        typer.Option("--families", help="A family; may be repeated. All by default."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; the bytes do not change.")
    ] = None,
) -> None:
    """Generate a bank by running programs: train, validation and test, with proofs."""
    from mcq.bank.build import build_bank
    from mcq.bank.kinds import KINDS
    from mcq.write import write_bank

    try:
        with Progress("questions", count, "questions") as progress:
            bank = build_bank(
                count,
                seed,
                kinds=kinds or KINDS,
                families=families or None,
                workers=workers,
                progress=progress.to,
            )
    except ValueError as error:
        raise BadInput(f"{error}.") from error
    manifest = write_bank(bank, out)
    note(
        f"{out}: "
        + ", ".join(f"{name} {facts['questions']}" for name, facts in manifest["splits"].items())
    )


@app.command("verify")
def verify(
    folder: Annotated[Path, typer.Argument(help="A bank's folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; verification.jsonl in DIR.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Run every proof of a bank again, on every supported Python found (see
    PROCTOR_TEST_PYTHONS) under several hash seeds; a row an item is kept."""
    from mcq.verify import HASH_SEEDS, find_pythons, verify_bank

    pythons = find_pythons()
    with Progress("verifying", len(pythons) * len(HASH_SEEDS), "runs") as progress:
        done = verify_bank(folder, out, pythons=pythons, progress=progress.to)
    facts = {
        "path": str(folder),
        "questions": done.questions,
        "pythons": done.pythons,
        "hash_seeds": done.hash_seeds,
    }
    if as_json:
        print_json(facts)
    else:
        print(
            f"{folder}: {done.questions} questions hold on Python {', '.join(done.pythons)}"
            f" under hash seeds {', '.join(done.hash_seeds)}"
        )


@app.command("audit")
def audit_(
    path: Annotated[Path, typer.Argument(help="A bank's folder, or a file of questions.")],
    training: Annotated[
        Path | None, typer.Option("--training", help="Training questions to find twins in.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Count twins in training, and what the choices alone give away."""
    from evaluation.audit import audit
    from mcq.loaders import load_questions
    from mcq.verify import load_splits

    known: list[Question] | None
    if path.is_dir():
        splits = load_splits(path)
        questions = [question for part in splits.values() for question in part]
        held_out = splits["validation"] + splits["test"]
        known = splits["train"] if training is None else load_questions(training)
    else:
        questions = held_out = load_questions(path)
        known = None if training is None else load_questions(training)
    found = audit(questions, held_out, known)
    if as_json:
        print_json(asdict(found))
        return
    if found.contamination is not None:
        facts = found.contamination
        print(
            f"{facts.questions} held-out questions against {facts.training} of training:"
            f" {facts.by_tree} twins by syntax tree, {facts.by_grams} by 13-grams;"
            f" {facts.touched} share a 13-gram"
        )
    print_table(
        "Choices alone",
        ("questions", "of kind", "baseline", "accuracy", "95 %", "chance"),
        [
            (
                line.questions,
                kind,
                line.name,
                f"{line.accuracy.estimate:.3f}",
                f"{line.accuracy.lower:.3f} to {line.accuracy.upper:.3f}",
                f"{line.chance:.3f}",
            )
            for kind, lines in found.baselines.items()
            for line in lines
        ],
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
