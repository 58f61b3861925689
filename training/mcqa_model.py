"""The model as stock MLflow loads it: a pyfunc from code, no pickle, with *scored* answers.

MLflow copies this file and the packages ``mcq`` and ``contracts`` into the logged model
(models-from-code), so ``mlflow.pyfunc.load_model`` and ``mlflow models serve`` work where
Proctor is not installed. One row in is one question; one row out is its answer with a
probability for every choice.

Source: https://mlflow.org/docs/latest/ml/model/models-from-code/
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from pydantic import ValidationError

from contracts.questions import Question
from mcq.scorer import Scorer


class McqaModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
    """Columns in: ``question``, ``code`` (may be missing), ``choices``; columns out:
    ``letter``, ``confidence``, ``probabilities`` (in the order of the choices)."""

    def load_context(self, context: Any) -> None:
        # The digest was written down when the model was logged: a changed byte is refused.
        expected = (context.model_config or {}).get("digest")
        folder = Path(context.artifacts["checkpoint"])
        self._scorer = Scorer.load(folder, expected_digest=expected)

    def predict(
        self,
        context: Any,  # noqa: ARG002  # MLflow's signature
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002  # MLflow's signature
    ) -> pd.DataFrame:
        """Raises ``ValueError`` (MLflow answers 400) naming the row that is no question or
        does not fit into the model's context."""
        questions = [
            _question(place, row) for place, row in enumerate(model_input.to_dict("records"))
        ]
        answers = self._scorer.score(questions)
        for place, answer in enumerate(answers):
            if answer.unscored:
                raise ValueError(f"row {place} cannot be scored: {answer.unscored}")
        return pd.DataFrame(
            {
                "letter": [answer.letter for answer in answers],
                "confidence": [answer.confidence for answer in answers],
                "probabilities": [list(answer.probabilities) for answer in answers],
            }
        )


def _question(place: int, row: dict[Any, Any]) -> Question:
    code = row.get("code")
    try:
        return Question(
            id=str(place),
            stem=row["question"],
            code=code if isinstance(code, str) else None,
            choices=tuple(row["choices"]),
        )
    except (ValidationError, KeyError, TypeError) as error:
        raise ValueError(f"row {place} is not a question: {error}") from error


mlflow.models.set_model(McqaModel())
