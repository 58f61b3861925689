from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics.catalogue import flat_metrics, metric_name
from tests.evaluation.making import make_evaluation, make_record

ALLOWED = re.compile(r"^[0-9A-Za-z_.-]*$")


def test_names_are_stable_and_values_are_those_of_the_result() -> None:
    records = [
        make_record("1", True, family="lists", difficulty="easy"),
        make_record("2", False, family="C++", difficulty="hard"),
        make_record("3", None),
    ]
    result = make_evaluation(records)
    metrics = flat_metrics(result, records)
    assert list(metrics) == [
        "accuracy",
        "accuracy_chance",
        "accuracy_difficulty_easy",
        "accuracy_difficulty_hard",
        "accuracy_family_C_2b_2b",
        "accuracy_family_lists",
        "accuracy_lower",
        "accuracy_upper",
        "brier_score",
        "calibration_error",
        "correct_questions",
        "mean_confidence",
        "scored_questions",
        "unscored_questions",
    ]
    assert metrics["accuracy"] == 0.5
    assert metrics["accuracy_lower"] == result.accuracy.lower
    assert metrics["accuracy_upper"] == result.accuracy.upper
    assert metrics["accuracy_chance"] == 0.25
    assert metrics["accuracy_family_lists"] == 1.0
    assert metrics["accuracy_difficulty_hard"] == 0.0
    assert (metrics["scored_questions"], metrics["unscored_questions"]) == (2.0, 1.0)
    assert metrics["correct_questions"] == 1.0
    assert all(isinstance(value, float) and math.isfinite(value) for value in metrics.values())


@given(st.text())
def test_a_name_holds_only_what_mlflow_allows(name: str) -> None:
    assert ALLOWED.match(metric_name(name))
