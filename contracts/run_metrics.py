"""The catalogue of what MLflow runs and DVC's metrics file measure: names, units, direction.

Names are stable, so that runs stay comparable: change one and old runs lose their column.
A name ends in its unit: ``_ratio`` (0 to 1), ``_nats``, ``_questions``; a score without a
unit and a rate of AdamW's are called so. ``docs/mlflow.md`` prints this as a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class RunMetric:
    """``name`` may hold ``{family}`` or ``{difficulty}``: one metric for each of them."""

    name: str
    unit: str
    better: Literal["higher", "lower", "neither"]
    stage: Literal["training", "evaluation", "sweep"]
    meaning: str


CATALOGUE: Final[tuple[RunMetric, ...]] = (
    RunMetric(
        "train_loss_nats",
        "nats a reply token",
        "lower",
        "training",
        "mean cross-entropy of the batches since the last point",
    ),
    RunMetric(
        "validation_loss_nats",
        "nats a reply token",
        "lower",
        "training",
        "mean cross-entropy of the validation questions",
    ),
    RunMetric("learning_rate", "none", "neither", "training", "AdamW's rate at this step"),
    RunMetric(
        "packing_ratio",
        "ratio",
        "higher",
        "training",
        "share of the passes' room that tokens filled; fine-tuning only",
    ),
    RunMetric(
        "tokens_per_second",
        "tokens a second",
        "higher",
        "training",
        "tokens read, of all processes, without validation",
    ),
    RunMetric("accuracy_ratio", "ratio", "higher", "evaluation", "right answers of scored ones"),
    RunMetric(
        "accuracy_lower_ratio", "ratio", "higher", "evaluation", "lower end of Wilson's 95 %"
    ),
    RunMetric(
        "accuracy_upper_ratio", "ratio", "higher", "evaluation", "upper end of Wilson's 95 %"
    ),
    RunMetric(
        "accuracy_families_lower_ratio",
        "ratio",
        "higher",
        "evaluation",
        "lower end of the 95 % interval clustered by family, for other families of the kind",
    ),
    RunMetric(
        "accuracy_families_upper_ratio",
        "ratio",
        "higher",
        "evaluation",
        "upper end of the 95 % interval clustered by family, for other families of the kind",
    ),
    RunMetric("accuracy_chance_ratio", "ratio", "neither", "evaluation", "what guessing has"),
    RunMetric("accuracy_family_{family}_ratio", "ratio", "higher", "evaluation", "of one family"),
    RunMetric(
        "accuracy_difficulty_{difficulty}_ratio",
        "ratio",
        "higher",
        "evaluation",
        "of one difficulty",
    ),
    RunMetric(
        "scored_questions", "questions", "higher", "evaluation", "questions that got a letter"
    ),
    RunMetric("correct_questions", "questions", "higher", "evaluation", "right answers"),
    RunMetric(
        "unscored_questions", "questions", "lower", "evaluation", "questions that got no letter"
    ),
    RunMetric(
        "unparsed_questions",
        "questions",
        "lower",
        "evaluation",
        "replies that state no letter; protocol generate only",
    ),
    RunMetric(
        "cut_questions",
        "questions",
        "lower",
        "evaluation",
        "replies that met the limit of new tokens; protocol generate only",
    ),
    RunMetric(
        "reply_tokens",
        "tokens",
        "neither",
        "evaluation",
        "tokens of all replies; protocol generate only",
    ),
    RunMetric(
        "accuracy_published_ratio",
        "ratio",
        "higher",
        "evaluation",
        "by CodeMMLU's own rules, an unread reply wrong; for its tables only",
    ),
    RunMetric(
        "explanation_agreement_ratio",
        "ratio",
        "higher",
        "evaluation",
        "explanations that come to the scored letter, of those that state one",
    ),
    RunMetric(
        "brier_score", "none, 0 to 2", "lower", "evaluation", "squared error of the probabilities"
    ),
    RunMetric(
        "calibration_error_ratio",
        "ratio",
        "lower",
        "evaluation",
        "mean distance of confidence from accuracy, over ten bins",
    ),
    RunMetric(
        "mean_confidence_ratio",
        "ratio",
        "neither",
        "evaluation",
        "mean confidence; the accuracy when calibrated",
    ),
    RunMetric(
        "accuracy_orders_mean_ratio",
        "ratio",
        "higher",
        "evaluation",
        "accuracy over all cyclic orders of the choices; letter scoring only",
    ),
    RunMetric(
        "accuracy_orders_mean_lower_ratio",
        "ratio",
        "higher",
        "evaluation",
        "lower end of its 95 % interval, clustered by question",
    ),
    RunMetric(
        "accuracy_orders_mean_upper_ratio",
        "ratio",
        "higher",
        "evaluation",
        "upper end of its 95 % interval, clustered by question",
    ),
    RunMetric("accuracy_orders_worst_ratio", "ratio", "higher", "evaluation", "of the worst order"),
    RunMetric(
        "accuracy_orders_all_ratio",
        "ratio",
        "higher",
        "evaluation",
        "questions that are right in every order",
    ),
    RunMetric(
        "flipped_ratio",
        "ratio",
        "lower",
        "evaluation",
        "questions whose chosen choice changes with the order",
    ),
    RunMetric(
        "accuracy_choices_only_ratio",
        "ratio",
        "lower",
        "evaluation",
        "best rule that never reads the question",
    ),
    RunMetric(
        "accuracy_unread_ratio",
        "ratio",
        "lower",
        "evaluation",
        "of the version itself, shown the choices and no question",
    ),
    RunMetric(
        "contaminated_questions",
        "questions",
        "lower",
        "evaluation",
        "have a twin among the training questions, where those are at hand",
    ),
    RunMetric(
        "accuracy_unseen_ratio",
        "ratio",
        "higher",
        "evaluation",
        "of the questions without a twin among the training questions",
    ),
    RunMetric(
        "accuracy_debiased_ratio",
        "ratio",
        "higher",
        "evaluation",
        "accuracy with the liking for letters divided out (PriDe)",
    ),
    RunMetric(
        "recall_deviation_ratio",
        "ratio",
        "lower",
        "evaluation",
        "standard deviation over gold letters of the share that is right",
    ),
    RunMetric(
        "option_mass_ratio",
        "ratio",
        "higher",
        "evaluation",
        "mean probability that the model writes a letter at all",
    ),
    RunMetric(
        "tie_ratio", "ratio", "lower", "evaluation", "questions whose two best choices are equal"
    ),
    RunMetric(
        "calibration_error_lower_ratio",
        "ratio",
        "lower",
        "evaluation",
        "lower end of the calibration error's 95 % interval; 0 where it may be none",
    ),
    RunMetric(
        "calibration_error_upper_ratio",
        "ratio",
        "lower",
        "evaluation",
        "upper end of the calibration error's 95 % interval",
    ),
    RunMetric(
        "risk_area_ratio",
        "ratio",
        "lower",
        "evaluation",
        "mean share of wrong answers over all coverages, the most confident first",
    ),
    RunMetric(
        "temperature",
        "none",
        "neither",
        "evaluation",
        "by which log-probabilities are divided to fit validation; 1 when calibrated",
    ),
    RunMetric(
        "validation_answer_nats",
        "nats a question",
        "lower",
        "evaluation",
        "mean -log p of the right choice, as the version answers",
    ),
    RunMetric(
        "validation_answer_scaled_nats",
        "nats a question",
        "lower",
        "evaluation",
        "the same with the temperature",
    ),
    RunMetric(
        "validation_questions",
        "questions",
        "neither",
        "evaluation",
        "questions that the temperature was fitted on",
    ),
    RunMetric(
        "accuracy_mean_ratio", "ratio", "higher", "sweep", "mean accuracy of the experiments"
    ),
    RunMetric("accuracy_best_ratio", "ratio", "higher", "sweep", "highest accuracy among them"),
    RunMetric("accuracy_spread_ratio", "ratio", "lower", "sweep", "highest less lowest accuracy"),
    RunMetric("experiments", "experiments", "neither", "sweep", "experiments that were run"),
)


def metrics_table() -> str:
    """The catalogue as a Markdown table, for ``docs/mlflow.md``."""
    lines = ["| metric | unit | better | of | meaning |", "|---|---|---|---|---|"]
    lines += [
        f"| `{one.name}` | {one.unit} | {one.better} | {one.stage} | {one.meaning} |"
        for one in CATALOGUE
    ]
    return "\n".join(lines) + "\n"
