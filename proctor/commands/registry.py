"""``proctor registry``: versions, aliases, the ledger, and what was when and why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from contracts.errors import BadInput, Refused
from contracts.models import ModelRef
from contracts.suites import Protocol
from proctor.commands.evaluate import AskedDevice, AskedPrecision, MaxQuestions
from proctor.output import note, print_json, print_table
from proctor.params import DEFAULT_PATH, EvaluateOptions, load_params, with_options
from proctor.settings import read_settings
from proctor.suites import DEFAULT_PATH as SUITES_PATH
from proctor.suites import chosen_suite

app = typer.Typer(help="Versions, aliases, the ledger and lineage.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the ledger.")]
Reference = Annotated[str, typer.Argument(help="NAME/VERSION or NAME@ALIAS.")]
Model = Annotated[str, typer.Argument(help="Name of the registered model.")]


def _open() -> Any:
    from proctor.registry_access import open_registry

    return open_registry(read_settings())


def _when(text: str) -> datetime:
    """A time from ISO 8601; UTC when it names no zone. Raises ``BadInput``."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{text!r} is no time.", mend="Write ISO 8601, as in 2026-05-01T12:00:00Z."
        ) from error


def _aliases_of(state: Any, number: str) -> str:
    return ", ".join(alias for alias, to in sorted(state.aliases.items()) if to == number)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every version of every model, with accuracy, verdict and aliases."""
    state = _open().ledger.state()
    if as_json:
        print_json(state)
        return
    rows = [
        (
            f"{model.name}/{number}",
            _aliases_of(model, number),
            f"{record.verdict.accuracy.estimate:.3f}",
            f"{record.verdict.decision} ({record.verdict.rule})",
            record.digest[:19],
            record.registered_at[:19],
        )
        for model in state.models.values()
        for number, record in model.versions.items()
    ]
    if not rows:
        note(f"the ledger at {read_settings().shown_ledger} holds no versions")
    print_table("", ["version", "alias", "accuracy", "verdict", "digest", "registered"], rows)


@app.command("show")
def show(
    ref: Reference,
    at: Annotated[
        str | None, typer.Option("--at", help="As it was at this time (ISO 8601).")
    ] = None,
    as_json: Json = False,
) -> None:
    """One version as it is, or the state of its model as it was at a time."""
    registry = _open()
    parsed = ModelRef.parse(ref)
    if at is not None:
        state, record = registry.resolve_at(parsed, _when(at))
    else:
        state = registry.ledger.state()
        record = state.resolve(parsed)
    model = state.model(parsed.name)
    if as_json:
        print_json({**dict(record), "aliases": model.decisions(record.version)})
        return
    aliases = _aliases_of(model, record.version) or "none"
    rows = [("version", f"{record.model}/{record.version}"), ("aliases", aliases)]
    lineage = _lineage_rows(model, record)
    print_table(f"at {at}" if at else "", ["what", "value"], [*rows, *lineage])


def _decision_rows(model: Any, number: str) -> list[tuple[str, object]]:
    """Since when a version has its aliases, who gave them to it, and on what evidence."""
    return [
        (f"{alias} {what}", value)
        for alias, made in model.decisions(number).items()
        for what, value in (
            ("since", f"{made.at} (event {made.seq})"),
            ("by", made.who),
            ("because", made.why),
            ("at commit", made.commit),
            ("on verdict", made.verdict_digest),
        )
    ]


def _temperature(fitted: Any) -> str:
    if fitted is None:
        return "not fitted"
    return f"{fitted.told()}, on {fitted.told_questions()}"


def _lineage_rows(model: Any, record: Any) -> list[tuple[str, object]]:
    registered, verdict = record.registered, record.verdict
    return [
        ("digest", registered.digest),
        ("training run", registered.run_id),
        ("evaluation run", verdict.evaluation_run_id),
        ("verdict", f"{verdict.decision} ({verdict.rule}): {verdict.reason}"),
        ("verdict digest", verdict.verdict_digest),
        ("temperature", _temperature(verdict.temperature)),
        ("judged against", verdict.champion or "nobody (bootstrap)"),
        ("data digest", registered.data_digest),
        ("suite digest", verdict.suite_digest),
        ("commit", registered.commit),
        ("bento", record.bento.tag if record.bento else "not built"),
        ("bento digest", record.bento.digest if record.bento else None),
        ("registered", record.registered_at),
        *_decision_rows(model, record.version),
    ]


@app.command("lineage")
def lineage(ref: Reference, as_json: Json = False) -> None:
    """Version, run, evaluation, verdict, data, commit, bento, digest: one chain."""
    parsed = ModelRef.parse(ref)
    state = _open().ledger.state()
    record = state.resolve(parsed)
    rows = _lineage_rows(state.model(parsed.name), record)
    if as_json:
        print_json(dict(rows))
    else:
        print_table(f"{record.model}/{record.version}", ["step", "value"], rows)


@app.command("history")
def history(model: Model, as_json: Json = False) -> None:
    """Every event of a model's ledger, oldest first."""
    events = _open().history(model)
    if as_json:
        print_json(events)
        return
    rows = [(e.seq, e.at[:19], e.kind, _told(e.data), e.who, e.why, e.commit[:12]) for e in events]
    print_table("", ["seq", "at (UTC)", "event", "what", "who", "why", "commit"], rows)


def _told(data: dict[str, Any]) -> str:
    keys = ("alias", "before", "to", "version", "tag", "slot", "canary_ratio", "shadow", "rollout")
    data = {**data, **data.get("split", {})}
    return " ".join(f"{key}={data[key]}" for key in keys if data.get(key) is not None)


@app.command("register")
def register(
    model: Annotated[Path, typer.Option("--model", help="The checkpoint folder.")] = Path(
        "out/checkpoint"
    ),
    training: Annotated[Path, typer.Option("--training", help="What training wrote.")] = Path(
        "out/training.json"
    ),
    evaluation: Annotated[
        Path, typer.Option("--evaluation", help="What the evaluation wrote.")
    ] = Path("out/evaluation.json"),
    verdict: Annotated[Path, typer.Option("--verdict", help="What the gate wrote.")] = Path(
        "out/verdict.json"
    ),
    records: Annotated[Path, typer.Option("--records", help="The evaluation's records.")] = Path(
        "out/records.jsonl"
    ),
    champion: Annotated[
        Path, typer.Option("--champion", help="The pin that the gate judged against.")
    ] = Path("pipelines/champion.json"),
    why: Why = "it passed the gate",
    as_json: Json = False,
) -> None:
    """Make a version of what passed the gate; the same weights are the same version."""
    from evaluation.results import read_evaluation, read_training, read_verdict
    from mcq.checkpoint import checkpoint_digest
    from proctor.second_judgement import judged_alike

    trained, evaluated = read_training(training), read_evaluation(evaluation)
    judged = read_verdict(verdict)
    unasked = judged_alike(judged, evaluated, records, champion)
    if unasked is not None:
        note(f"the verdict is taken as {verdict} says it, since {unasked}")
    record = _open().register(
        trained,
        evaluated,
        judged,
        found_digest=checkpoint_digest(model),
        why=why,
    )
    if as_json:
        print_json(record)
    else:
        print(f"{record.model}/{record.version} {record.digest[:19]} ({record.verdict.rule})")


@app.command("promote")
def promote(ref: Reference, why: Why = "it passed the gate", as_json: Json = False) -> None:
    """Make a version champion; it needs a pass against the present one."""
    registry = _open()
    parsed = ModelRef.parse(ref)
    before = registry.champion(parsed.name)
    record = registry.promote(parsed, why=why)
    if as_json:
        print_json(record)
    elif before is not None and before.version == record.version:
        print(f"{record.model}/{record.version} is champion already: nothing was moved")
    else:
        old = f"version {before.version}" if before else "nobody"
        print(f"{record.model}/{record.version} is champion, after {old}")


@app.command("pin")
def pin(
    out: Annotated[Path, typer.Option("--out", help="The file that the gate reads.")] = Path(
        "pipelines/champion.json"
    ),
    on_suite: Annotated[
        bool,
        typer.Option("--on-suite", help="Score the champion on the suite as it is now."),
    ] = False,
    questions: Annotated[
        list[Path] | None,
        typer.Option("--questions", help="The same, on these files in place of the suite's."),
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", help="The same, on this NAME or NAME@VERSION.")
    ] = None,
    max_questions: MaxQuestions = None,
    precision: AskedPrecision = None,
    device: AskedDevice = None,
    protocol: Annotated[
        Protocol | None,
        typer.Option("--protocol", help="The same, asked so in place of the suite's own."),
    ] = None,
    suites: Annotated[
        Path, typer.Option("--suites", help="The file that declares suites.")
    ] = SUITES_PATH,
    path: Annotated[Path, typer.Option("--params", help="The parameters.")] = DEFAULT_PATH,
) -> None:
    """Write down who is champion, for the gate to judge against: with the answers that it was
    registered with, or, with --on-suite or any option that says how, asked now. What of --suite,
    --max-questions, --precision and --device is not given is as params.yaml says."""
    from contracts.files import write_atomically
    from evaluation.results import json_text

    options = EvaluateOptions(suite, max_questions, None, precision, device)
    params = with_options(load_params(path), options)
    model = params.model
    asked = on_suite or questions or protocol or options != EvaluateOptions()
    if not asked:
        found = _open().pin(model)
    else:
        from evaluation.scores import SCORES_FOLDER
        from proctor.champion_pin import pin_on

        spec = chosen_suite(params.evaluate.suite, suites, questions)
        scores = read_settings().home / SCORES_FOLDER
        found = pin_on(
            _open(), model, spec, params.evaluate, scores=scores, protocol=protocol, say=note
        )
    text = json_text(found)
    if not out.is_file() or out.read_bytes() != text.encode():
        write_atomically(out, text)
    print(f"{out}: {model} has {f'champion {found.version}' if found.version else 'no champion'}")


@app.command("verify")
def verify(as_json: Json = False) -> None:
    """Check the ledger's chain and hold it against MLflow; ends with 1 if anything is wrong."""
    findings = _open().verify()
    if as_json:
        print_json(findings)
    for finding in [] if as_json else findings:
        print(f"{finding.kind}: {finding.text}\n  {finding.mend}")
    if findings:
        raise Refused(
            f"{len(findings)} faults were found.", mend="Each line above says how to mend it."
        )
    note("the ledger's chain holds, and MLflow shows what it says")


@app.command("repair")
def repair(
    restore: Annotated[
        bool, typer.Option("--restore", help="Also set aliases moved by others back.")
    ] = False,
) -> None:
    """Finish moves of ours that were killed half-way."""
    if not _open().repair(restore=restore, tell=print):
        print("nothing to repair")
