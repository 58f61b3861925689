"""A report as one page that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.comparisons import GROUPINGS
from contracts.reports import Measure, Report
from evaluation.drawings import accuracy_drawing, coverage_drawing, reliability_drawing
from evaluation.page import page, paragraph, plots, section, share, table


def render_html(report: Report) -> str:
    """The whole document, UTF-8 text."""
    accuracy = report.accuracy
    ends = share(accuracy.estimate, accuracy.lower, accuracy.upper)
    return page(
        f"{report.header.version or report.header.digest[7:15]} on {report.header.suite}: {ends}",
        paragraph(
            f"{report.correct} right of {report.questions - report.unscored} scored;"
            f" {report.unscored} of {report.questions} could not be scored and are counted"
            f" by themselves. Wilson's {accuracy.level:.0%} interval; chance is"
            f" {report.chance:.1%}."
        ),
        _header(report),
        _categories(report),
        section(
            "Robustness",
            measures(report.robustness) if report.robustness else paragraph("Not measured."),
        ),
        section("Calibration", measures(report.calibration), _coverage(report)),
        _questions(report),
    )


def measures(rows: Sequence[Measure]) -> str:
    return table(
        ("what", "value", "meaning"), [(row.name, _value(row), row.meaning) for row in rows]
    )


def _value(row: Measure) -> str:
    if row.value is None:
        return f"not applicable: {row.reason or 'no reason was told'}"
    if row.lower is None or row.upper is None:
        return f"{row.value:.4g}"
    return f"{row.value:.4g} ({row.lower:.4g} to {row.upper:.4g})"


def _header(report: Report) -> str:
    header, way = report.header, report.header.way
    rows = [
        ("weights", header.digest),
        ("suite", f"{header.suite}, {header.suite_digest}"),
        ("records", header.records_digest),
        ("run", header.run_id),
        ("protocol", way.protocol),
        ("scoring", way.scoring or "not told"),
        ("template", way.template or "the version's own"),
        ("questions shown first", way.shots_count),
        ("precision", way.precision or "not told"),
    ]
    return section("What was examined", table(("what", "value"), rows))


def _categories(report: Report) -> str:
    parts = []
    for grouping in GROUPINGS:
        rows = [row for row in report.categories if row.grouping == grouping]
        if rows:
            drawn = accuracy_drawing(
                [(row.name, row.accuracy) for row in rows], grouping, report.chance
            )
            parts.append(plots([(f"Accuracy by {grouping}, with Wilson's interval", drawn)]))
            cells = [
                (row.name, row.questions, share(*list(dict(row.accuracy).values())[:3]))
                for row in rows
            ]
            parts.append(table((grouping, "scored", "accuracy"), cells))
    return section("By category", *parts) if parts else ""


def _coverage(report: Report) -> str:
    curve = [(point.coverage, point.accuracy) for point in report.coverage]
    return plots(
        [
            ("Confidence against accuracy", reliability_drawing(report.reliability)),
            ("Accuracy when only the most confident are answered", coverage_drawing(curve)),
        ]
    )


def _questions(report: Report) -> str:
    hardest = table(
        ("question", "category", "right", "answered", "probability of right", "asked"),
        [
            (one.id, one.category, one.gold, one.letter, f"{one.gold_probability:.3g}", one.stem)
            if one.stem
            else (one.id, one.category, one.gold, one.letter, f"{one.gold_probability:.3g}", "")
            for one in report.hardest
        ],
    )
    parts = [section("Hardest questions", hardest)] if report.hardest else []
    if report.misconceptions:
        counted = table(("misconception", "questions"), report.misconceptions)
        parts.append(section("Most frequent misconceptions", counted))
    return "".join(parts)
