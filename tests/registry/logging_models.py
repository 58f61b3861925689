"""Real runs and logged models in MLflow, for tests of the registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from tests.registry.making import Evidence, evidence_of, examined, make_checkpoint, records_bytes

MODEL_FILE = Path(__file__).parent / "answering_model.py"


def in_mlflow(
    uri: str,
    home: Path,
    seed: int = 0,
    correct: Sequence[bool | None] = (True, False),
    make: Callable[[Path, int], object] = make_checkpoint,
) -> Evidence:
    """A checkpoint with its runs, logged in the MLflow at ``uri``; ``make`` writes it."""
    folder = home / str(seed) / "checkpoint"
    make(folder, seed)
    records = records_bytes(correct)
    file = home / f"evaluation-{seed}" / "records.jsonl"
    file.parent.mkdir(parents=True)
    file.write_bytes(records)
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri, uri)
    experiment = mlflow.set_experiment("registry-tests").experiment_id
    with mlflow.start_run(experiment_id=experiment) as training:
        logged = mlflow.pyfunc.log_model(
            name="answerer",
            python_model=os.fspath(MODEL_FILE),
            artifacts={"checkpoint": os.fspath(folder)},
            pip_requirements=["mlflow"],
        )
    evaluation = client.create_run(experiment, tags=examined(folder))
    client.log_artifact(evaluation.info.run_id, os.fspath(file), "evaluation")
    return evidence_of(
        folder,
        records,
        run_id=training.info.run_id,
        evaluation_run_id=evaluation.info.run_id,
        model_uri=logged.model_uri,
    )
