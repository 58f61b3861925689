from __future__ import annotations

import pytest

from contracts.reports import Measure, Report
from evaluation.report.build import Extras, build_report, coverage_curve
from evaluation.report.document import render_html
from tests.evaluation.making import make_evaluation, make_record, make_records
from tests.evaluation.test_comparison_page import LOADED, Reader

NASTY = "<script>alert(1)</script>\u202e\0"


def report() -> Report:
    records = [
        make_record(
            f"{NASTY}{place}",
            [True, False, None][place % 3],
            family=NASTY,
            confidence=0.3 + place / 200,
            misconception=NASTY,
        )
        for place in range(60)
    ]
    robustness = [
        Measure(name="flip rate", value=None, meaning=NASTY, reason="text has no letters"),
        Measure(name="worst order", value=0.25, lower=0.125, upper=0.5, meaning="of four"),
    ]
    extras = Extras(version=NASTY, stems={records[1].id: NASTY})
    return build_report(make_evaluation(records), records, robustness, extras=extras)


def test_it_counts_the_unscored_apart_and_is_read_back() -> None:
    made = report()
    assert (made.questions, made.unscored, made.correct) == (60, 20, 20)
    assert Report.model_validate_json(made.model_dump_json()) == made
    assert made.hardest[0].gold_probability == min(one.gold_probability for one in made.hardest)


def test_the_page_is_whole_escaped_and_loads_nothing() -> None:
    document = render_html(report())
    reader = Reader(document)
    assert not reader.open
    assert "script" not in reader.tags
    assert not LOADED.search(document)
    assert "\0" not in document
    for words in (
        "not applicable: text has no letters",
        "0.25 (0.125 to 0.5)",
        "20 of 60 could not be scored",
    ):
        assert words in reader.text


def test_coverage_keeps_equals_together_and_ends_with_all() -> None:
    assert [point.accuracy for point in coverage_curve(make_records([True, False]))] == [0.5]
    sure = make_record("a", True, confidence=0.9)
    found = coverage_curve([make_record("b", False, confidence=0.5), sure])
    assert [(one.coverage, one.accuracy) for one in found] == [(0.5, 1.0), (1.0, 0.5)]
    assert coverage_curve(make_records([None])) == ()


def test_many_points_are_thinned_to_the_last() -> None:
    records = [make_record(str(n), n % 2 == 0, confidence=0.3 + n / 1000) for n in range(500)]
    found = coverage_curve(records)
    assert len(found) == 50
    assert found[-1].coverage == pytest.approx(1.0)
