"""The metrics of an evaluation under the names of ``contracts.run_metrics``: for MLflow and DVC."""

from __future__ import annotations

import re

from contracts.robustness import RobustnessReport
from contracts.verdicts import EvaluationResult, GenerationFacts


def flat_metrics(
    result: EvaluationResult, robustness: RobustnessReport, chance: float
) -> dict[str, float]:
    """Every metric by name, sorted; ``contracts.run_metrics`` tells units and direction. What
    has no meaning for these answers is left out. ``chance``: the accuracy of guessing."""
    metrics = {
        "accuracy_ratio": result.accuracy.estimate,
        "accuracy_lower_ratio": result.accuracy.lower,
        "accuracy_upper_ratio": result.accuracy.upper,
        "accuracy_chance_ratio": chance,
        "scored_questions": float(result.questions - result.unscored),
        "correct_questions": float(result.correct),
        "unscored_questions": float(result.unscored),
        **_of_probabilities(robustness),
        **_of_families(robustness),
        **_of_orders(robustness),
        **_of_leaks(robustness),
    }
    if result.generation is not None:
        metrics |= generation_metrics(result.generation)
    if result.explanation is not None and result.explanation.rate is not None:
        metrics["explanation_agreement_ratio"] = result.explanation.rate.estimate
    if result.temperature is not None:
        metrics |= {
            "temperature": result.temperature.value,
            "validation_answer_nats": result.temperature.nats_before,
            "validation_answer_scaled_nats": result.temperature.nats_after,
            "validation_questions": float(result.temperature.questions),
        }
    for prefix, groups in (("family", result.by_family), ("difficulty", result.by_difficulty)):
        for name, group in groups.items():
            metrics[f"accuracy_{prefix}_{metric_name(name)}_ratio"] = group.accuracy.estimate
    return dict(sorted(metrics.items()))


def _of_probabilities(robustness: RobustnessReport) -> dict[str, float]:
    found: dict[str, float | None] = {"tie_ratio": robustness.tie_ratio}
    if (calibration := robustness.calibration) is not None:
        found |= {
            "brier_score": calibration.brier_score,
            "calibration_error_ratio": calibration.expected_error.estimate,
            "calibration_error_lower_ratio": calibration.expected_error.lower,
            "calibration_error_upper_ratio": calibration.expected_error.upper,
            "mean_confidence_ratio": calibration.mean_confidence,
        }
    if robustness.abstention is not None:
        found["risk_area_ratio"] = robustness.abstention.risk_area
    if robustness.letters is not None:
        found["recall_deviation_ratio"] = robustness.letters.recall_deviation
        found["option_mass_ratio"] = robustness.letters.option_mass
    return {name: value for name, value in found.items() if value is not None}


def _of_families(robustness: RobustnessReport) -> dict[str, float]:
    if (families := robustness.families) is None:
        return {}
    return {
        "accuracy_families_lower_ratio": families.accuracy.lower,
        "accuracy_families_upper_ratio": families.accuracy.upper,
    }


def generation_metrics(facts: GenerationFacts) -> dict[str, float]:
    """What became of written replies."""
    found = {
        "unparsed_questions": float(facts.unparsed),
        "cut_questions": float(facts.cut),
        "reply_tokens": float(facts.reply_tokens),
    }
    if facts.as_published is not None:
        found["accuracy_published_ratio"] = facts.as_published.estimate
    return found


def _of_orders(robustness: RobustnessReport) -> dict[str, float]:
    """What the order of the choices does."""
    found: dict[str, float] = {}
    if (orders := robustness.orders) is not None:
        found |= {
            "accuracy_orders_mean_ratio": orders.mean_accuracy.estimate,
            "accuracy_orders_mean_lower_ratio": orders.mean_accuracy.lower,
            "accuracy_orders_mean_upper_ratio": orders.mean_accuracy.upper,
            "accuracy_orders_worst_ratio": orders.worst_accuracy,
            "accuracy_orders_all_ratio": orders.all_right_ratio,
            "flipped_ratio": orders.flipped_ratio,
        }
    if robustness.debiased is not None:
        found["accuracy_debiased_ratio"] = robustness.debiased.accuracy.estimate
    return found


def _of_leaks(robustness: RobustnessReport) -> dict[str, float]:
    """What the suite gives away, and what of it the version has seen."""
    found: dict[str, float] = {}
    if robustness.choices_only:
        best = max(one.accuracy.estimate for one in robustness.choices_only)
        found["accuracy_choices_only_ratio"] = best
    if (unread := robustness.unread) is not None:
        found["accuracy_unread_ratio"] = unread.accuracy.estimate
    if (leaks := robustness.contamination) is not None:
        found["contaminated_questions"] = float(len(leaks.twins))
    if (unseen := robustness.unseen) is not None:
        found["accuracy_unseen_ratio"] = unseen.accuracy.estimate
    return found


def metric_name(name: str) -> str:
    """``name`` in the characters MLflow allows in a metric's name; others become their
    code point in hexadecimal, so that two names stay two."""
    return re.sub(r"[^0-9A-Za-z_.-]", lambda found: f"_{ord(found[0]):x}", name)
