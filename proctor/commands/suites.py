"""``proctor suites``: what suites are declared, what is in one, and pinning it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from proctor.output import print_json, print_table
from proctor.suites import (
    DEFAULT_PATH,
    declared_suite,
    find_suite,
    how_asked,
    load_suites,
    write_pin,
)

app = typer.Typer(help="Named, versioned sets of held-out questions.", no_args_is_help=True)

SuitesFile = Annotated[Path, typer.Option("--suites", help="The file that declares suites.")]
Name = Annotated[str, typer.Argument(metavar="SUITE", help="NAME, or NAME@VERSION.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@app.command("list")
def list_(path: SuitesFile = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Print every declared suite, and whether it is pinned; no question is read."""
    suites = load_suites(path).suites
    if as_json:
        print_json(suites)
        return
    print_table(
        "",
        ("suite", "description", "asked", "sources", "pinned to"),
        (
            (
                spec.ref,
                spec.description,
                how_asked(spec.protocol, spec.template, spec.shots_count, spec.shots_by),
                len(spec.sources),
                (spec.digest or "")[:19],
            )
            for spec in suites
        ),
    )


@app.command("show")
def show(name: Name, path: SuitesFile = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Read a suite's questions: how many of each family, their digest, and whether that is
    the pin (else it ends with 1)."""
    from evaluation.suite import check_pin, read_whole

    whole = read_whole(find_suite(name, path, os.environ))
    facts = {
        "suite": str(whole.spec.ref),
        "description": whole.spec.description,
        "sources": [source.address for source in declared_suite(name, path).sources],
        "questions": len(whole.questions),
        "digest": whole.digest,
        "pinned": whole.spec.digest,
        "protocol": whole.spec.protocol,
        "template": whole.spec.template,
        "shots": [shot.id for shot in whole.shots.every],
        "shots_by": whole.shots.by,
        "families": whole.families(),
        "skipped": whole.skipped,
        "left_out": whole.left_out,
        "filtered": whole.filtered,
    }
    if as_json:
        print_json(facts)
    else:
        print(f"{facts['suite']}: {facts['questions']} questions, {whole.digest}")
        shots = whole.shots
        asked = how_asked(whole.spec.protocol, whole.spec.template, shots.count, shots.by)
        print(f"  asked: {asked}")
        for family, count in whole.families().items():
            print(f"  {family or '(no family)'}: {count}")
        passed = {"skipped as bad": whole.skipped, "not taken by the filter": whole.filtered}
        passed |= {f"left out as {label}": count for label, count in whole.left_out.items()}
        for words, count in passed.items():
            if count:
                print(f"  {words}: {count}")
        if whole.spec.digest is None:
            print("not pinned")
        elif whole.spec.digest == whole.digest:
            print("pinned to these questions")
    check_pin(whole)


@app.command("pin")
def pin(name: Name, path: SuitesFile = DEFAULT_PATH) -> None:
    """Write the digest of a suite's questions into its declaration. A suite that is pinned to
    others is refused: a pinned version never changes."""
    from evaluation.suite import check_pin, read_whole

    whole = read_whole(find_suite(name, path, os.environ))
    check_pin(whole)
    if whole.spec.digest is None:
        write_pin(path, whole.spec.ref, whole.digest)
    print(f"{whole.spec.ref}: pinned to {len(whole.questions)} questions, {whole.digest}")
