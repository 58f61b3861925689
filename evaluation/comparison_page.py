"""The comparison of versions as a page, as JSON and as a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contracts.comparisons import VersionsComparison
from contracts.files import write_atomically
from contracts.verdicts import Comparison
from evaluation.drawings import accuracy_drawing, alone, difference_drawing, short_names
from evaluation.page import (
    NOTHING,
    ends,
    heading,
    page,
    paragraph,
    plots,
    points,
    section,
    share,
    table,
)
from evaluation.results import json_text

HTML_FILE: Final = "comparison.html"
JSON_FILE: Final = "comparison.json"
SVG_FILE: Final = "comparison.svg"


def write_comparison(found: VersionsComparison, folder: Path) -> list[Path]:
    """Three files in ``folder``, which is made. Raises ``StorageFull``."""
    texts = {
        JSON_FILE: json_text(found),
        SVG_FILE: alone(difference_drawing(found)),
        HTML_FILE: comparison_html(found),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text)
    return [folder / name for name in texts]


def comparison_html(found: VersionsComparison) -> str:
    """One document that loads nothing."""
    names = short_names([one.name for one in found.versions])
    versions = [(names[one.name], one.accuracy) for one in found.versions]
    return page(
        f"{len(found.versions)} versions on the same {found.questions_count} questions",
        paragraph(
            f"The reference is {names[found.reference]}. Differences are a version less the"
            " reference, in points, over the questions that both scored; what was not scored is"
            f" counted by itself. Intervals are at {100 * found.level:.4g}%."
        ),
        plots(
            [
                ("Difference with Tango's interval", difference_drawing(found)),
                ("Accuracy with Wilson's interval", accuracy_drawing(versions, "accuracy")),
            ]
        ),
        section("Versions", _versions(found, names)),
        section(
            "Differences",
            paragraph(
                "p is the exact McNemar test's: how likely so uneven a disagreement is between"
                " equals. Holm's is the same adjusted for the number of versions: below"
                f" {1 - found.level:.3g} the difference is more than chance."
            ),
            _differences(found, names),
            paragraph(
                "Least seen: the smallest difference that so many questions with so much"
                f" disagreement show four times of five; {NOTHING} where they disagree too seldom"
                " for any. A smaller difference is no evidence of being equal."
            ),
        ),
        _categories(found, names),
    )


def _versions(found: VersionsComparison, names: Mapping[str, str]) -> str:
    return table(
        ("version", "accuracy", "interval", "scored", "not scored", "asked", "weights", "from"),
        [
            (
                names[one.name],
                share(one.accuracy.estimate),
                ends(share, one.accuracy.lower, one.accuracy.upper),
                one.scored,
                one.unscored,
                one.asked(),
                "not told" if one.digest is None else one.digest[7:15],
                one.name,
            )
            for one in found.versions
        ],
    )


def _differences(found: VersionsComparison, names: Mapping[str, str]) -> str:
    columns = ("version", "difference", "interval", "Holm's p", "p", "bootstrap", "least seen")
    rows = [
        (
            names[one.name],
            *_difference(one.comparison),
            f"{one.holm_p:.3g}",
            f"{one.comparison.mcnemar_p:.3g}",
            ends(points, one.bootstrap.lower, one.bootstrap.upper),
            least(one.comparison.smallest_detectable_difference),
        )
        for one in found.against
    ]
    return table(columns, rows)


def _categories(found: VersionsComparison, names: Mapping[str, str]) -> str:
    """A table a version, the least p first."""
    parts = []
    for one in found.against:
        rows = sorted(
            (row for row in found.categories if row.name == one.name),
            key=lambda row: row.adjusted_p,
        )
        cells = [
            (
                f"{row.grouping} {row.category}",
                *_difference(row.comparison),
                f"{row.adjusted_p:.3g}",
                f"{row.holm_p:.3g}",
                row.comparison.questions,
                least(row.comparison.smallest_detectable_difference),
            )
            for row in rows
        ]
        columns = (
            *("category", "difference", "interval", "screened p", "Holm's p"),
            *("questions", "least seen"),
        )
        if cells:
            parts += [heading(f"{names[one.name]} against {names[found.reference]}")]
            parts += [table(columns, cells)]
    told = paragraph(
        "The least p first, over all categories of a grouping and all versions: screened by"
        " Benjamini and Hochberg, where a share of false ones is borne, and Holm's, for who claims"
        " one of them."
    )
    return section("Categories", told, *parts) if parts else ""


def _difference(found: Comparison) -> tuple[str, str]:
    one = found.difference
    return points(one.estimate), ends(points, one.lower, one.upper)


def least(found: float | None) -> str:
    return NOTHING if found is None else f"{100 * found:.2f}"
