"""The metrics of an evaluation under the names of ``contracts.run_metrics``: for MLflow and DVC."""

from __future__ import annotations

import re
from collections.abc import Sequence

from contracts.verdicts import EvaluationResult, QuestionRecord
from evaluation.metrics.accuracy import chance_accuracy
from evaluation.metrics.calibration import brier_score, calibration_error, mean_confidence


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
    }
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


def metric_name(name: str) -> str:
    """``name`` in the characters MLflow allows in a metric's name; others become their
    code point in hexadecimal, so that two names stay two."""
    return re.sub(r"[^0-9A-Za-z_.-]", lambda found: f"_{ord(found[0]):x}", name)
