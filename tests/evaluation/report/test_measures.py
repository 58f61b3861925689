from __future__ import annotations

from contracts.robustness import RobustnessReport, UnreadReport
from contracts.verdicts import FittedTemperature, Interval
from evaluation.leaks import leaks_of
from evaluation.report.measures import calibration_measures, measures_of
from evaluation.robustness import (
    NO_LETTERS,
    NO_ORDERS,
    WRITTEN,
    robustness_of,
    with_asked,
    with_leaks,
)
from tests.evaluation.making import DIGEST, make_questions, make_record, make_records
from tests.evaluation.metrics.test_orders import by_text, knowing


def rows_of(report: RobustnessReport) -> dict[str, float | None]:
    rows = (*measures_of(report), *calibration_measures(report))
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert (row.value is None) == (row.reason is not None), row
    return {row.name: row.value for row in rows}


def test_a_letter_version_has_every_figure_of_orders() -> None:
    records = knowing(40, [2.0, 0.0, 0.0, 0.0])
    found = rows_of(robustness_of(records, seed=1))
    assert found["accuracy over orders"] == found["worst order"] == 0.25
    assert (found["right in every order"], found["flip rate"]) == (0.0, 1.0)
    assert found["debiased accuracy"] == 1.0
    assert (found["accuracy where A is right"], found["accuracy where B is right"]) == (1.0, 0.0)
    assert found["option mass"] == 0.5
    assert found["deviation of recalls"] is not None


def test_a_text_version_says_what_has_no_meaning() -> None:
    report = robustness_of(by_text(30), seed=1)
    rows = {row.name: row for row in (*measures_of(report), *calibration_measures(report))}
    for name in ("accuracy over orders", "debiased accuracy", "letters"):
        assert rows[name].value is None
        assert rows[name].reason in {NO_LETTERS, NO_ORDERS}
    assert rows["risk area"].value is not None
    error = rows["expected calibration error"]
    assert error.value is not None
    assert error.lower is not None
    assert error.upper is not None
    assert error.lower <= error.value <= error.upper


def test_what_was_written_has_no_calibration() -> None:
    replies = [one.model_copy(update={"probabilities": ()}) for one in make_records([True, None])]
    report = robustness_of(replies, seed=1)
    assert (report.scored_count, report.unscored_count) == (1, 1)
    for row in calibration_measures(report)[:2]:
        assert row.value is None
        assert row.reason == WRITTEN


def test_few_families_are_warned_of() -> None:
    for families, warned in ((9, True), (10, False)):
        records = [
            make_record(f"q{place}", place % 3 > 0, family=f"family {place % families}")
            for place in range(40)
        ]
        row = measures_of(robustness_of(records, seed=1))[0]
        assert row.name == "accuracy, for other families"
        assert f"40 questions of {families} families" in row.meaning
        assert ("fewer than 10 tell little" in row.meaning) == warned


def test_what_the_questions_tell_and_a_temperature_are_rows_too() -> None:
    questions = make_questions(8)
    records = make_records([True] * 8)
    report = with_leaks(
        robustness_of(records, seed=1), leaks_of(questions, questions, seed=1), records
    )
    warm = FittedTemperature(
        value=2.5, questions=9, questions_digest=DIGEST, nats_before=1.5, nats_after=1.25
    )
    alone = UnreadReport(
        questions_count=8,
        correct_count=3,
        accuracy=Interval(estimate=0.375, lower=0.1, upper=0.7, level=0.95),
        chance=0.25,
    )
    found = rows_of(with_asked(report, warm, alone))
    assert found["the version without the question"] == 0.375
    assert rows_of(report)["the version without the question"] is None
    assert found["temperature"] == 2.5
    (row,) = [
        row
        for row in calibration_measures(with_asked(report, warm, alone))
        if row.name == "temperature"
    ]
    assert (row.lower, row.upper) == (None, None)
    assert "on 9 validation questions (fewer than 50, too few to go by)" in row.meaning
    ends = Interval(estimate=2.5, lower=2.0, upper=4.0)
    sure = warm.model_copy(
        update={"questions": 200, "interval": ends, "source": "v.jsonl", "other_families_count": 7}
    )
    row = calibration_measures(with_asked(report, sure, alone))[-1]
    assert (row.lower, row.upper) == (2.0, 4.0)
    assert "200 validation questions of v.jsonl (7 of families that the suite's" in row.meaning
    hot = warm.model_copy(update={"value": 100.0, "at_bound": True})
    said = [
        {row.name: row.meaning for row in calibration_measures(with_asked(report, one, None))}
        for one in (warm, hot)
    ]
    assert ["an end of the range" in one["temperature"] for one in said] == [False, True]
    assert found["every 13-gram in training"] == found["same program in training"] == 1.0
    assert found["accuracy without twins"] is None
    assert any(name.startswith("choices only: ") for name in found)
