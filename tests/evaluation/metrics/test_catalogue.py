from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from contracts.robustness import UnreadReport
from contracts.run_metrics import CATALOGUE
from contracts.verdicts import (
    ExplanationAgreement,
    FittedTemperature,
    GenerationFacts,
    Interval,
)
from evaluation.leaks import leaks_of
from evaluation.metrics.catalogue import flat_metrics, metric_name
from evaluation.robustness import robustness_of, with_asked, with_leaks
from tests.evaluation.making import SUITE_DIGEST, make_evaluation, make_questions, make_record

ALLOWED = re.compile(r"^[0-9A-Za-z_.-]*$")

HALF = Interval(estimate=0.5, lower=0.3, upper=0.7)
WRITTEN = {
    "generation": GenerationFacts(
        max_new_tokens=8,
        unparsed=3,
        unanswered=1,
        cut=2,
        reply_tokens=90,
        replies_digest=SUITE_DIGEST,
        as_published=HALF,
    ),
    "explanation": ExplanationAgreement(
        template="reasoned-1",
        questions=5,
        compared=4,
        agreed=3,
        unparsed=1,
        unscored=0,
        rate=HALF.model_copy(update={"estimate": 0.75}),
    ),
}


def test_names_are_stable_and_values_are_those_of_the_result() -> None:
    records = [
        make_record("1", True, family="lists", difficulty="easy"),
        make_record("2", False, family="C++", difficulty="hard"),
        make_record("3", None),
    ]
    result = make_evaluation(records)
    metrics = flat_metrics(result, robustness_of(records, seed=1), 0.25)
    assert list(metrics) == [
        "accuracy_chance_ratio",
        "accuracy_difficulty_easy_ratio",
        "accuracy_difficulty_hard_ratio",
        "accuracy_families_lower_ratio",
        "accuracy_families_upper_ratio",
        "accuracy_family_C_2b_2b_ratio",
        "accuracy_family_lists_ratio",
        "accuracy_lower_ratio",
        "accuracy_ratio",
        "accuracy_upper_ratio",
        "brier_score",
        "calibration_error_lower_ratio",
        "calibration_error_ratio",
        "calibration_error_upper_ratio",
        "correct_questions",
        "mean_confidence_ratio",
        "risk_area_ratio",
        "scored_questions",
        "tie_ratio",
        "unscored_questions",
    ]
    assert metrics["accuracy_ratio"] == 0.5
    assert metrics["accuracy_lower_ratio"] == result.accuracy.lower
    assert metrics["accuracy_upper_ratio"] == result.accuracy.upper
    assert metrics["accuracy_chance_ratio"] == 0.25
    assert metrics["accuracy_family_lists_ratio"] == 1.0
    assert metrics["accuracy_difficulty_hard_ratio"] == 0.0
    assert (metrics["scored_questions"], metrics["unscored_questions"]) == (2.0, 1.0)
    assert metrics["correct_questions"] == 1.0
    assert all(isinstance(value, float) and math.isfinite(value) for value in metrics.values())


def test_the_catalogue_has_each_of_them_and_no_other() -> None:
    records = [
        make_record(str(place), True, family="lists", difficulty="easy").model_copy(
            update={"gold": gold, "option_mass": 0.5, "orders": ((0.7, 0.1, 0.1, 0.1),) * 4}
        )
        for place, gold in enumerate("ABCD" * 5)
    ]
    given = {"family": "lists", "difficulty": "easy"}
    catalogued = [one.name.format(**given) for one in CATALOGUE if one.stage == "evaluation"]
    fitted = FittedTemperature(
        value=1.5, questions=20, questions_digest=SUITE_DIGEST, nats_before=1.2, nats_after=1.1
    )
    result = make_evaluation(records).model_copy(update={"temperature": fitted})
    questions = make_questions(4)
    families = [
        one.model_copy(update={"family": ("lists", "sums")[place % 2]})
        for place, one in enumerate(records)
    ]
    leaks = leaks_of(questions, questions[:3], seed=1)
    alone = UnreadReport(questions_count=4, correct_count=2, accuracy=result.accuracy, chance=0.25)
    robustness = with_leaks(robustness_of(families, seed=1), leaks, families)
    robustness = with_asked(robustness, None, alone)
    metrics = flat_metrics(result, robustness, 0.25)
    replies = [
        one.model_copy(update={"probabilities": (), "orders": (), "option_mass": None})
        for one in records
    ]
    words = flat_metrics(result.model_copy(update=WRITTEN), robustness_of(replies, seed=1), 0.25)
    assert sorted(catalogued) == sorted(set(metrics) | set(words))
    # What was written has no probabilities to tell of.
    assert "brier_score" in set(metrics) - set(words)
    assert words["unparsed_questions"] == 3.0
    assert words["accuracy_published_ratio"] == 0.5
    assert words["explanation_agreement_ratio"] == 0.75
    assert (metrics["temperature"], metrics["validation_questions"]) == (1.5, 20.0)
    assert metrics["validation_answer_nats"] == 1.2
    assert metrics["validation_answer_scaled_nats"] == 1.1
    # A is taken in every order: whatever is right is so by the order.
    assert metrics["accuracy_orders_mean_ratio"] == 0.25
    assert metrics["flipped_ratio"] == 1.0
    assert metrics["option_mass_ratio"] == 0.5
    assert metrics["contaminated_questions"] == 3.0
    assert metrics["accuracy_unseen_ratio"] == result.accuracy.estimate
    lower, upper = (metrics[f"accuracy_families_{end}_ratio"] for end in ("lower", "upper"))
    assert lower < metrics["accuracy_ratio"] <= upper
    assert metrics["accuracy_choices_only_ratio"] >= 0.25


@given(st.text())
def test_a_name_holds_only_what_mlflow_allows(name: str) -> None:
    assert ALLOWED.match(metric_name(name))
