"""``proctor log``: what was answered, and how it is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.errors import BadInput, ServiceAway
from proctor.output import print_json, print_table
from proctor.settings import read_settings

if TYPE_CHECKING:
    from answerlog.records import Line, Tally

app = typer.Typer(help="The answer log: show, count, forget.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def _store() -> Any:
    from answerlog.store import LogStore

    return LogStore(read_settings().answer_log_url)


@app.command("purge")
def purge(
    caller: Annotated[
        str | None, typer.Option("--caller", help="Everything of this caller, as it names itself.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Everything older, as in 30d, 12h or 2w.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove answers with their feedback, by caller or by age, to the last byte."""
    from answerlog.records import CALLER_SOURCES, caller_hash
    from answerlog.retention import purge as remove
    from contracts.times import utc_now
    from proctor.ages import age_of

    if (caller is None) == (older_than is None):
        raise BadInput(
            "either --caller or --older-than is wanted, and not both.",
            mend="As in `proctor log purge --older-than 30d`.",
        )
    store = _store()
    done = remove(
        store,
        callers=None if caller is None else [caller_hash(one, caller) for one in CALLER_SOURCES],
        before=None if older_than is None else utc_now() - age_of(older_than),
        dry_run=dry_run,
    )
    if as_json:
        print_json(done)
    else:
        would = "would remove" if dry_run else "removed"
        print(f"{would} {done.lines} answers and {done.feedback} feedbacks from {store.shown}")
    if not dry_run and not done.compacted:
        raise ServiceAway(
            f"the answers are removed, but {store.shown} may hold bytes of them still:"
            f" {done.reason.rstrip('.')}.",
            mend="Run the same command again.",
        )


@app.command("show")
def show(
    last: Annotated[int, typer.Option("--last", min=1, max=10_000, help="So many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The last lines, the newest at the end."""
    from answerlog.reader import LogReader

    lines = LogReader(_store()).last_lines(last)
    if as_json:
        print_json(lines)
        return
    columns = ["seq", "at (UTC)", "request", "role", "slot", "version", "outcome", "letter"]
    print_table("", [*columns, "ms", "feedback"], [_row(line) for line in lines])


def _row(line: Line) -> tuple[object, ...]:
    one, told = line.record, line.feedback
    marks = [mark for mark in ("cached", "fallback") if getattr(one, mark)]
    return (
        line.seq,
        one.at[:23],
        f"{one.request_id}[{one.item}]" if one.item else one.request_id,
        one.role,
        one.slot,
        f"{one.model}/{one.version}" if one.version else None,
        " ".join([one.outcome, *([one.problem] if one.problem else []), *marks]),
        f"{one.letter} {one.confidence:.2f}" if one.letter and one.confidence else one.letter,
        f"{one.latency_seconds * 1_000:.1f}",
        None if told is None else told.letter or f"thumbs {told.thumbs}",
    )


@app.command("stats")
def stats(
    salt: Annotated[
        str | None, typer.Option("--salt", help="Of one rollout only, by its salt.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How many lines of which kind, and how many answers feedback calls right."""
    from answerlog.reader import LogReader

    store = _store()
    reader = LogReader(store)
    summary, tallies = reader.summary(), reader.tallies(salt=salt)
    if as_json:
        kinds = [{**dict(one), "accuracy": one.accuracy} for one in tallies]
        print_json({"url": store.shown, **dict(summary), "kinds": kinds})
        return
    span = f", {summary.first_at} to {summary.last_at}" if summary.first_at else ""
    print(
        f"{store.shown}: {summary.lines} lines, {summary.feedback} feedbacks,"
        f" {summary.size_bytes} bytes{span}"
    )
    columns = ["role", "slot", "version", "lines", "answered", "unscored", "failed", "cached"]
    print_table(
        "", [*columns, "fallback", "labelled", "right", "accuracy"], map(_tally_row, tallies)
    )


def _tally_row(one: Tally) -> tuple[object, ...]:
    return (
        one.role,
        one.slot,
        f"{one.model}/{one.version}" if one.version else None,
        one.lines,
        one.answered,
        one.unscored,
        one.failed,
        one.cached,
        one.fallback,
        one.labelled,
        one.right,
        None if one.accuracy is None else f"{one.accuracy:.3f}",
    )
