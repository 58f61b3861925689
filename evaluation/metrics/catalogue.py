"""The metrics of an evaluation under the names of ``contracts.run_metrics``: for MLflow and DVC."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from contracts.verdicts import EvaluationResult, QuestionRecord
from evaluation.metrics.abstention import risk_area
from evaluation.metrics.accuracy import chance_accuracy
from evaluation.metrics.calibration import (
    brier_score,
    calibration_error,
    calibration_error_interval,
    mean_confidence,
)
from evaluation.metrics.orders import (
    debiased,
    option_mass,
    order_figures,
    recall_deviation,
    tie_rate,
)

# Of the draws behind an interval: equal records give equal figures.
SEED: Final = 1


def flat_metrics(result: EvaluationResult, records: Sequence[QuestionRecord]) -> dict[str, float]:
    """Every metric by name, sorted; ``contracts.run_metrics`` tells units and direction."""
    metrics = {
        "accuracy_ratio": result.accuracy.estimate,
        "accuracy_lower_ratio": result.accuracy.lower,
        "accuracy_upper_ratio": result.accuracy.upper,
        "accuracy_chance_ratio": chance_accuracy(records),
        "scored_questions": float(result.questions - result.unscored),
        "correct_questions": float(result.correct),
        "unscored_questions": float(result.unscored),
        "brier_score": brier_score(records),
        "calibration_error_ratio": calibration_error(records),
        "mean_confidence_ratio": mean_confidence(records),
        "risk_area_ratio": risk_area(records),
    }
    error = calibration_error_interval(records, result.accuracy.level, seed=SEED)
    metrics |= {
        "calibration_error_lower_ratio": error.lower,
        "calibration_error_upper_ratio": error.upper,
    }
    metrics |= _of_orders(records, result.accuracy.level)
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


def _of_orders(records: Sequence[QuestionRecord], level: float) -> dict[str, float]:
    """What the order of the choices does; without the figures that have no meaning here."""
    found: dict[str, float | None] = {
        "recall_deviation_ratio": recall_deviation(records),
        "option_mass_ratio": option_mass(records),
        "tie_ratio": tie_rate(records),
    }
    if figures := order_figures(records, level):
        found |= {
            "accuracy_orders_mean_ratio": figures.mean.estimate,
            "accuracy_orders_mean_lower_ratio": figures.mean.lower,
            "accuracy_orders_mean_upper_ratio": figures.mean.upper,
            "accuracy_orders_worst_ratio": figures.worst,
            "accuracy_orders_all_ratio": figures.all_right,
            "flipped_ratio": figures.flipped,
        }
    if without := debiased(records, level, seed=SEED):
        found["accuracy_debiased_ratio"] = without.accuracy.estimate
    return {name: value for name, value in found.items() if value is not None}


def metric_name(name: str) -> str:
    """``name`` in the characters MLflow allows in a metric's name; others become their
    code point in hexadecimal, so that two names stay two."""
    return re.sub(r"[^0-9A-Za-z_.-]", lambda found: f"_{ord(found[0]):x}", name)
