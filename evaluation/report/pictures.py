"""The drawings of a report, made once: for its page and, each by itself, for MLflow."""

from __future__ import annotations

from contracts.comparisons import GROUPINGS
from contracts.reports import Report
from evaluation.drawings import accuracy_drawing, coverage_drawing, reliability_drawing

RELIABILITY = "reliability"
COVERAGE = "coverage"


def drawings_of(report: Report) -> dict[str, str]:
    """SVG by name; what has no categories or no confidence has no drawing of them."""
    found = {}
    for grouping in GROUPINGS:
        rows = [(row.name, row.accuracy) for row in report.categories if row.grouping == grouping]
        if rows:
            name = accuracy_by(grouping)
            found[name] = accuracy_drawing(rows, name, report.chance)
    if report.reliability:
        found[RELIABILITY] = reliability_drawing(report.reliability, report.accuracy.level)
        curve = [(point.coverage, point.accuracy) for point in report.coverage]
        found[COVERAGE] = coverage_drawing(curve)
    return found


def accuracy_by(grouping: str) -> str:
    return f"accuracy_by_{grouping}"
