"""A report as one page that loads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.comparisons import GROUPINGS
from contracts.reports import Measure, Report, Way
from contracts.suites import without_answer
from evaluation.page import (
    NOTHING,
    beside,
    ends,
    figure,
    page,
    paragraph,
    plots,
    section,
    share,
    table,
)
from evaluation.report.hardest import hardest_questions
from evaluation.report.pictures import COVERAGE, RELIABILITY, accuracy_by

# Of the ids of twins on the page; the JSON has all.
TWINS_SHOWN: Final = 50


def render_html(report: Report, drawings: Mapping[str, str]) -> str:
    """The whole document, UTF-8 text, with the ``drawings`` of ``pictures.drawings_of``."""
    header, accuracy = report.header, report.accuracy
    answered = "answered" if header.way.protocol == "generate" else "scored"
    return page(
        f"{header.version or header.digest[7:15]} on {header.suite}: accuracy"
        f" {share(accuracy.estimate)} ({ends(share, accuracy.lower, accuracy.upper)})",
        paragraph(
            f"{report.correct} right of {report.questions - report.unscored} {answered};"
            f" guessing has {share(report.chance)}. {report.unscored} of {report.questions}"
            f" {without_answer(header.way.protocol)} and are counted by themselves, neither right"
            f" nor wrong. The interval is Wilson's at {accuracy.level:.0%}, as are all without"
            " another name."
        ),
        paragraph(asked(header.way)),
        section("Robustness", measures(report.robustness)),
        section("Calibration", measures(report.calibration), _confidence(drawings)),
        _categories(report, drawings),
        _questions(report),
        _header(report),
    )


def asked(way: Way) -> str:
    """How the answers were had, in a sentence."""
    if way.protocol == "generate":
        how = "the answer is the letter in a reply that the model wrote"
    elif way.scoring == "letter":
        how = "the answer is the letter that the model finds likeliest"
    elif way.scoring == "text":
        how = "the answer is the choice whose text the model finds likeliest"
    else:
        how = "the answer is the choice that the model finds likeliest"
    own = " of its own family" if way.shots_by == "family" else ""
    shots = (
        f"{way.shots_count or 'no'} solved question{'s' * (way.shots_count != 1)}{own} shown first"
    )
    template = f"template {way.template}" if way.template else "the version's own template"
    limit = (
        "" if way.max_new_tokens is None else f", replies of {way.max_new_tokens} tokens at most"
    )
    return f"Protocol {way.protocol}: {how}; {template}, {shots}{limit}."


def measures(rows: Sequence[Measure]) -> str:
    return table(("what", "value", "interval", "meaning"), map(_measured, rows), told=True)


def _measured(row: Measure) -> tuple[str, str, str, str]:
    if row.value is None:
        reason = f"not applicable: {row.reason or 'no reason was told'}"
        return row.name, NOTHING, "", f"{reason} ({row.meaning})"

    def shown(value: float) -> str:
        return share(value) if row.unit == "share" else f"{value:.4g}"

    value = f"{row.value:.0f}" if row.unit == "count" else shown(row.value)
    return row.name, value, ends(shown, row.lower, row.upper), row.meaning


def _shots(way: Way) -> str:
    return f"{way.shots_count}{' of its own family' if way.shots_by == 'family' else ''}"


def _header(report: Report) -> str:
    header, way = report.header, report.header.way
    rows = [
        ("weights", header.digest),
        ("suite", header.suite),
        ("questions", header.suite_digest),
        ("records", header.records_digest),
        ("MLflow run", header.run_id),
        ("protocol", way.protocol),
        ("scoring", way.scoring or "not told"),
        ("template", way.template or "the version's own"),
        ("solved questions shown first", _shots(way)),
        *([("their digest", way.shots_digest)] if way.shots_digest else []),
        ("precision", way.precision or "not told"),
        *([("longest reply, tokens", way.max_new_tokens)] if way.max_new_tokens else []),
    ]
    return section("What was examined", table(("what", "value"), rows))


def _categories(report: Report, drawings: Mapping[str, str]) -> str:
    parts = []
    for grouping in GROUPINGS:
        rows = [row for row in report.categories if row.grouping == grouping]
        if rows:
            cells = [
                (
                    row.name,
                    row.questions,
                    share(row.accuracy.estimate),
                    ends(share, row.accuracy.lower, row.accuracy.upper),
                )
                for row in rows
            ]
            parts.append(
                beside(
                    figure(
                        f"Accuracy by {grouping}; n: questions scored",
                        drawings[accuracy_by(grouping)],
                    ),
                    table((grouping, "n", "accuracy", "interval"), cells),
                )
            )
    return section("By category", *parts) if parts else ""


def _confidence(drawings: Mapping[str, str]) -> str:
    captions = {
        RELIABILITY: "Confidence against accuracy: a calibrated version is on the dotted line",
        COVERAGE: "Accuracy when only the most confident answers are given",
    }
    drawn = [(told, drawings[name]) for name, told in captions.items() if name in drawings]
    return plots(drawn) if drawn else ""


def _questions(report: Report) -> str:
    parts = []
    if report.hardest:
        told = paragraph("Answered wrongly, those first that gave the right answer the least.")
        parts.append(section("Hardest questions", told, hardest_questions(report.hardest)))
    if report.twins:
        shown = ", ".join(report.twins[:TWINS_SHOWN])
        more = len(report.twins) - TWINS_SHOWN
        rest = f" and {more} more, all in report.json" if more > 0 else ""
        parts.append(section("Questions with a twin in training", paragraph(f"{shown}{rest}.")))
    if report.misconceptions:
        counted = table(("misconception", "questions"), report.misconceptions)
        parts.append(section("Most frequent misconceptions", counted))
    return "".join(parts)
