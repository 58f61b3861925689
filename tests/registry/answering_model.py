"""A pyfunc model from code, so that MLflow logs it without a pickle."""

from typing import Any

import mlflow
from mlflow.pyfunc import PythonModel


class AnsweringModel(PythonModel):  # type: ignore[misc]  # MLflow is not typed
    def predict(self, context: Any, model_input: list[str]) -> list[str]:  # noqa: ARG002  # MLflow's signature
        return ["A" for _ in model_input]


mlflow.models.set_model(AnsweringModel())
