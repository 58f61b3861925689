"""The names under which an evaluation's metrics are kept: in MLflow and for DVC.

Names are stable, so that runs stay comparable: change one and old runs lose their column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from contracts.verdicts import EvaluationResult, QuestionRecord
from evaluation.metrics.accuracy import chance_accuracy
from evaluation.metrics.calibration import brier_score, calibration_error, mean_confidence


def flat_metrics(result: EvaluationResult, records: Sequence[QuestionRecord]) -> dict[str, float]:
    """Every metric by name, sorted.

    ``accuracy``, ``accuracy_lower``, ``accuracy_upper``: Wilson at 95 %, higher is better;
    ``accuracy_chance``: what guessing has; ``accuracy_family_F`` and
    ``accuracy_difficulty_D``: of one group; ``scored_questions``, ``correct_questions``,
    ``unscored_questions``: counts; ``brier_score``, ``calibration_error``: lower is better;
    ``mean_confidence``.
    """
    metrics = {
        "accuracy": result.accuracy.estimate,
        "accuracy_lower": result.accuracy.lower,
        "accuracy_upper": result.accuracy.upper,
        "accuracy_chance": chance_accuracy(records),
        "scored_questions": float(result.questions - result.unscored),
        "correct_questions": float(result.correct),
        "unscored_questions": float(result.unscored),
        "brier_score": brier_score(records),
        "calibration_error": calibration_error(records),
        "mean_confidence": mean_confidence(records),
    }
    for prefix, groups in (("family", result.by_family), ("difficulty", result.by_difficulty)):
        for name, group in groups.items():
            metrics[f"accuracy_{prefix}_{metric_name(name)}"] = group.accuracy.estimate
    return dict(sorted(metrics.items()))


def metric_name(name: str) -> str:
    """``name`` in the characters MLflow allows in a metric's name; others become their
    code point in hexadecimal, so that two names stay two."""
    return re.sub(r"[^0-9A-Za-z_.-]", lambda found: f"_{ord(found[0]):x}", name)
