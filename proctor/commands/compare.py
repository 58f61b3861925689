"""``proctor compare``: two evaluations on the same questions, paired."""

from __future__ import annotations

from typing import Annotated

import typer

from proctor.output import print_json, print_table
from proctor.settings import read_settings


def compare(
    candidate: Annotated[
        str, typer.Argument(help="A records file, or the id of an evaluation run in MLflow.")
    ],
    reference: Annotated[str, typer.Argument(help="What it is compared with, likewise.")],
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.5, max=0.999, help="Level of the interval.")
    ] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Compare two versions question by question: McNemar, difference with its interval."""
    from evaluation.compare import compare_records
    from evaluation.sources import load_records

    uri = read_settings().tracking_uri
    found = compare_records(load_records(candidate, uri), load_records(reference, uri), confidence)
    if as_json:
        print_json(found)
        return
    difference, least = found.difference, found.smallest_detectable_difference
    print_table(
        f"{candidate} against {reference}",
        ("what", "value"),
        [
            ("questions scored by both", found.questions),
            ("both right", found.both),
            ("only the first right", found.only_candidate),
            ("only the second right", found.only_reference),
            ("neither right", found.neither),
            (
                f"difference ({difference.level:.3g} interval)",
                "{:+.2f} points ({:+.2f} to {:+.2f})".format(
                    *(
                        100 * end
                        for end in (difference.estimate, difference.lower, difference.upper)
                    )
                ),
            ),
            ("exact McNemar p", f"{found.mcnemar_p:.3g}"),
            (
                "smallest detectable difference",
                "none with so little disagreement"
                if least is None
                else f"{100 * least:.2f} points (power 80 %, alpha 5 %)",
            ),
        ],
    )
