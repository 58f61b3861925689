from __future__ import annotations

from contracts.robustness import RobustnessReport
from contracts.verdicts import FittedTemperature
from evaluation.report.measures import measures_of
from evaluation.robustness import robustness_of, with_fitted, with_questions
from tests.evaluation.making import DIGEST, make_questions, make_records
from tests.evaluation.metrics.test_orders import by_text, knowing


def rows_of(report: RobustnessReport) -> dict[str, float | None]:
    rows = measures_of(report)
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
    rows = {row.name: row for row in measures_of(report)}
    for name in ("accuracy over orders", "debiased accuracy", "letters"):
        assert rows[name].value is None
        assert "not applicable" in str(rows[name].reason)
    assert rows["risk area"].value is not None


def test_what_the_questions_tell_and_a_temperature_are_rows_too() -> None:
    questions = make_questions(8)
    records = make_records([True] * 8)
    report = with_questions(robustness_of(records, seed=1), questions, questions)
    warm = FittedTemperature(
        value=2.5, questions=9, questions_digest=DIGEST, nats_before=1.5, nats_after=1.25
    )
    found = rows_of(with_fitted(report, warm))
    assert found["temperature"] == 2.5
    assert found["every 13-gram in training"] is not None
    assert any(name.startswith("choices only: ") for name in found)
