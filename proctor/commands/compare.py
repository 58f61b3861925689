"""``proctor compare``: two to ten evaluations on the same questions, paired."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.comparisons import VersionsComparison
from contracts.verdicts import Comparison, Interval
from proctor.output import note, print_json, print_table
from proctor.settings import read_settings

SHOWN_CATEGORIES = 12


def compare(
    versions: Annotated[
        list[str],
        typer.Argument(
            help="Records files, or ids of evaluation runs in MLflow; the last is the reference."
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="What the others are compared with, likewise."),
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.5, max=0.999, help="Level of the intervals.")
    ] = 0.95,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for comparison.html, comparison.json and .svg."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Compare two to ten versions question by question: differences, intervals, McNemar."""
    from evaluation.compare_versions import compare_versions
    from evaluation.sources import load_examined

    uri = read_settings().tracking_uri
    others = list(versions)
    if reference is None:
        reference = others.pop()
    elif reference in others:
        others.remove(reference)
    found = compare_versions(
        load_examined(reference, uri),
        [load_examined(name, uri) for name in others],
        confidence,
    )
    for one in found.versions:
        if one.digest is None:
            note(
                f"{one.name}: way of asking not told: no report of these very records that can be"
                " read lies beside them, so that suite, protocol and shots were not checked"
            )
    if out is not None:
        from evaluation.comparison_page import write_comparison

        for path in write_comparison(found, out):
            note(f"wrote {path}")
    if as_json:
        # Of two, today's keys stay where scripts look for them.
        two = found.against[0].comparison.model_dump() if len(found.against) == 1 else {}
        print_json({**two, **found.model_dump(mode="json")})
        return
    _print(found)


def _print(found: VersionsComparison) -> None:
    print_table(
        f"{found.questions_count} questions; the reference is {found.reference}",
        ("version", "asked", "scored", "not scored", f"accuracy ({found.level:.3g} interval)"),
        [
            (one.name, one.asked(), one.scored, one.unscored, _share(one.accuracy))
            for one in found.versions
        ],
    )
    for against in found.against:
        one = against.comparison
        print_table(
            f"{against.name} against {found.reference}",
            ("what", "value"),
            [
                ("questions scored by both", one.questions),
                ("both right", one.both),
                ("only the first right", one.only_candidate),
                ("only the second right", one.only_reference),
                ("neither right", one.neither),
                (f"difference ({found.level:.3g} interval)", _points(one.difference)),
                (f"by paired bootstrap ({found.replicates:,})", _points(against.bootstrap)),
                ("exact McNemar p", f"{one.mcnemar_p:.3g}"),
                (f"adjusted for {len(found.against)} (Holm)", f"{against.holm_p:.3g}"),
                ("smallest detectable difference", _least(one, found.level)),
            ],
        )
    told = sorted(found.categories, key=lambda row: row.adjusted_p)[:SHOWN_CATEGORIES]
    if told:
        print_table(
            f"Categories: {len(told)} of {len(found.categories)}, least p first"
            " (screened by Benjamini-Hochberg, claimed by Holm)",
            (
                *("version", "category", "questions", "difference"),
                *("screened p", "Holm p", "detectable"),
            ),
            [
                (
                    row.name,
                    f"{row.grouping} {row.category}",
                    row.comparison.questions,
                    _points(row.comparison.difference),
                    f"{row.adjusted_p:.3g}",
                    f"{row.holm_p:.3g}",
                    _least(row.comparison),
                )
                for row in told
            ],
        )


def _share(found: Interval) -> str:
    return f"{found.estimate:.2%} ({found.lower:.2%} to {found.upper:.2%})"


def _points(found: Interval) -> str:
    ends = (100 * end for end in (found.estimate, found.lower, found.upper))
    return "{:+.2f} points ({:+.2f} to {:+.2f})".format(*ends)


def _least(found: Comparison, level: float | None = None) -> str:
    """With ``level`` what the number means, too."""
    least = found.smallest_detectable_difference
    if least is None:
        return "none" if level is None else "none with so little disagreement"
    told = "" if level is None else f" (power 80 %, alpha {100 * (1 - level):.3g} %)"
    return f"{100 * least:.2f} points{told}"
