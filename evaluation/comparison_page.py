"""The comparison of versions as a page, as JSON and as a drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contracts.comparisons import CategoryDifference, VersionsComparison
from contracts.files import write_atomically
from contracts.verdicts import Interval
from evaluation.drawings import accuracy_drawing, difference_drawing
from evaluation.page import page, paragraph, plots, points, section, share, table
from evaluation.results import json_text

HTML_FILE: Final = "comparison.html"
JSON_FILE: Final = "comparison.json"
SVG_FILE: Final = "comparison.svg"


def write_comparison(found: VersionsComparison, folder: Path) -> list[Path]:
    """Three files in ``folder``, which is made. Raises ``StorageFull``."""
    texts = {
        JSON_FILE: json_text(found),
        # By itself a drawing has no page to take its colours from.
        SVG_FILE: difference_drawing(found).replace(
            "<svg ", '<svg style="color: #1d2329; background: #fff" ', 1
        ),
        HTML_FILE: comparison_html(found),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text)
    return [folder / name for name in texts]


def comparison_html(found: VersionsComparison) -> str:
    """One document that loads nothing."""
    versions = [(one.name, one.accuracy) for one in found.versions]
    return page(
        f"{len(found.versions)} versions on the same {found.questions_count} questions",
        paragraph(
            f"The reference is {found.reference}. Differences are a version less the reference,"
            " in points, over the questions that both scored; what was not scored is counted"
            " by itself."
        ),
        plots(
            [
                ("Difference with Tango's interval", difference_drawing(found)),
                ("Accuracy with Wilson's interval", accuracy_drawing(versions, "accuracy")),
            ]
        ),
        section("Versions", _versions(found)),
        section("Differences", _differences(found)),
        section(
            "Categories",
            paragraph(
                "A screen: p is adjusted by Benjamini and Hochberg over all categories of a"
                " grouping and all versions. A difference below the smallest detectable one"
                " is no evidence of being equal."
            ),
            _categories(found.categories),
        ),
    )


def _versions(found: VersionsComparison) -> str:
    return table(
        ("version", "weights", "accuracy", "scored", "not scored"),
        [
            (
                one.name,
                "not told" if one.digest is None else one.digest[7:15],
                share(*_ends(one.accuracy)),
                one.scored,
                one.unscored,
            )
            for one in found.versions
        ],
    )


def _differences(found: VersionsComparison) -> str:
    columns = ("version", "difference", "bootstrap", "McNemar p", "Holm p", "detectable")
    rows = [
        (
            one.name,
            points(*_ends(one.comparison.difference)),
            points(*_ends(one.bootstrap)),
            f"{one.comparison.mcnemar_p:.3g}",
            f"{one.holm_p:.3g}",
            least(one.comparison.smallest_detectable_difference),
        )
        for one in found.against
    ]
    return table(columns, rows)


def _categories(rows: tuple[CategoryDifference, ...]) -> str:
    return table(
        ("version", "category", "questions", "difference", "adjusted p", "detectable"),
        [
            (
                row.name,
                f"{row.grouping}: {row.category}",
                row.comparison.questions,
                points(*_ends(row.comparison.difference)),
                f"{row.adjusted_p:.3g}",
                least(row.comparison.smallest_detectable_difference),
            )
            for row in rows
        ],
    )


def least(found: float | None) -> str:
    return "none" if found is None else f"{100 * found:.2f}"


def _ends(found: Interval) -> tuple[float, float, float]:
    return found.estimate, found.lower, found.upper
