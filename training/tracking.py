"""The one file of training that speaks to MLflow tracking.

A training is one run: parameters, curves, digest of the data, commit, and the checkpoint
as a logged model. A resumed training goes on in the run that the killed one began; what
ends in an error is marked FAILED, what is interrupted KILLED.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import mlflow
import pandas as pd
from mlflow.entities import Metric, Param, RunStatus
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types.schema import Array, ColSpec, DataType, Schema

from contracts.errors import TrackingAway
from contracts.questions import Question
from contracts.requirements import pinned
from registry.mlflow_connection import connect, mlflow_faults
from training.loop import CurvePoint

MODEL_NAME: Final = "mcqa"
# MLflow takes 1,000 metrics a request; a point has three at most.
POINTS_A_REQUEST: Final = 300
SERVED_WITH: Final = (
    "numpy",
    "pandas",
    "pydantic",
    "safetensors",
    "tokenizers",
    "torch",
    "transformers",
)
SIGNATURE: Final = ModelSignature(
    inputs=Schema(
        [
            ColSpec(DataType.string, "question"),
            ColSpec(DataType.string, "code", required=False),
            ColSpec(Array(DataType.string), "choices"),
        ]
    ),
    outputs=Schema(
        [
            ColSpec(DataType.string, "letter"),
            ColSpec(DataType.double, "confidence"),
            ColSpec(Array(DataType.double), "probabilities"),
        ]
    ),
)


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """MLflow runs the model's code from the folder that it uploads: no compiled copy, with
    paths of this machine in it, is to go along."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _figures(point: CurvePoint) -> dict[str, float]:
    figures = {"train_loss": point.train_loss, "learning_rate": point.learning_rate}
    if point.validation_loss is not None:
        figures["validation_loss"] = point.validation_loss
    return figures


class TrainingRun:
    """One MLflow run of a training."""

    def __init__(self, uri: str, experiment: str) -> None:
        """Raises ``TrackingAway`` within seconds when MLflow does not answer."""
        self._uri = uri
        self._client = connect(uri)
        self._experiment = experiment
        self._logged_steps = 0
        self.run_id = ""

    def start(
        self, name: str, params: Mapping[str, Any], tags: Mapping[str, str], resumed: str | None
    ) -> None:
        """Begin a run, or go on in ``resumed`` when MLflow still has it."""
        with mlflow_faults(self._uri):
            mlflow.set_tracking_uri(self._uri)
            found = self._client.get_experiment_by_name(self._experiment)
            experiment_id = (
                found.experiment_id if found else self._client.create_experiment(self._experiment)
            )
            # The fluent calls below refuse a run that is not of the active experiment,
            # which the environment or somebody in this process may have set.
            mlflow.set_experiment(experiment_id=experiment_id)
            if resumed is not None and self._go_on(resumed, experiment_id, tags):
                return
            run = self._client.create_run(
                experiment_id, run_name=name, tags={"stage": "training", **tags}
            )
            self.run_id = run.info.run_id
            self._client.log_batch(
                self.run_id,
                params=[Param(key, str(value)) for key, value in sorted(params.items())],
            )

    def _go_on(self, run_id: str, experiment_id: str, tags: Mapping[str, str]) -> bool:
        try:
            run = self._client.get_run(run_id)
        except MlflowException:
            return False
        if run.info.lifecycle_stage != "active" or run.info.experiment_id != experiment_id:
            return False
        self._client.update_run(run_id, status="RUNNING")
        for key, value in {**tags, "resumed": "true"}.items():
            self._client.set_tag(run_id, key, value)
        history = self._client.get_metric_history(run_id, "train_loss")
        self._logged_steps = max((metric.step for metric in history), default=0)
        self.run_id = run_id
        return True

    def log_curve(self, curve: Sequence[CurvePoint], at_milliseconds: int) -> None:
        """The points of ``curve`` that MLflow does not have yet."""
        fresh = [point for point in curve if point.step > self._logged_steps]
        for start in range(0, len(fresh), POINTS_A_REQUEST):
            part = fresh[start : start + POINTS_A_REQUEST]
            metrics = [
                Metric(name, value, at_milliseconds, point.step)
                for point in part
                for name, value in _figures(point).items()
            ]
            with mlflow_faults(self._uri):
                self._client.log_batch(self.run_id, metrics=metrics)
            self._logged_steps = part[-1].step

    def log_model(self, checkpoint: Path, digest: str, example: Question) -> str:
        """Log the checkpoint folder as a pyfunc; returns its URI, ``models:/m-...``."""
        root = Path(__file__).resolve().parent.parent
        row = {"question": example.stem, "code": example.code, "choices": list(example.choices)}
        with mlflow_faults(self._uri), _no_bytecode(), mlflow.start_run(run_id=self.run_id):
            info = mlflow.pyfunc.log_model(
                name=MODEL_NAME,
                python_model=str(root / "training" / "mcqa_model.py"),
                model_config={"digest": digest},
                artifacts={"checkpoint": str(checkpoint.resolve())},
                code_paths=[str(root / "contracts"), str(root / "mcq")],
                signature=SIGNATURE,
                input_example=pd.DataFrame([row]),
                pip_requirements=pinned(SERVED_WITH),
                tags={"proctor.digest": digest},
            )
        return str(info.model_uri)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Mark the run FINISHED, KILLED (interrupted) or FAILED by how the block ends. That
        MLflow is away by then does not hide why it ended."""
        try:
            yield
        except BaseException as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            with contextlib.suppress(TrackingAway):
                self._end(RunStatus.KILLED if interrupted else RunStatus.FAILED)
            raise
        self._end(RunStatus.FINISHED)

    def _end(self, status: int) -> None:
        if self.run_id:
            with mlflow_faults(self._uri):
                self._client.set_terminated(self.run_id, RunStatus.to_string(status))
