"""``proctor questions``: build, verify and audit a bank, import questions, validate a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.errors import BadInput
from contracts.questions import Question
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
from proctor.output import note, print_json, print_table
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
    from mcq.write import check_bank_place, write_bank
    from proctor.interruption import sigterm_interrupts

    check_bank_place(out)
    bar = Progress("questions", count, "questions")
    try:
        # Ended at once, the workers would outlive us.
        with sigterm_interrupts() as interruption, bar as progress:
            bank = build_bank(
                count,
                seed,
                kinds=kinds or KINDS,
                families=families or None,
                workers=workers,
                progress=interruption.checked(progress.to),
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
        count = len(reading.skipped)
        print(f"skipped: {count} bad {'row' if count == 1 else 'rows'}")
    for bad in reading.skipped:
        print(f"  {bad.place.source}:{bad.place.line}: {bad.reason}")
