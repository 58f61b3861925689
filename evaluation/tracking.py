"""The one file of evaluation that speaks to MLflow tracking.

An evaluation is one run beside the training's: tags that say what was examined, metrics
under stable names (also on the logged model, with the suite as its dataset), every
question as a table and, byte for byte, as ``evaluation/records.jsonl``, and the figures.
The run is open while the scoring goes on; what fails ends it FAILED, what is interrupted
KILLED.

Source: https://mlflow.org/docs/latest/api_reference/python_api/mlflow.client.html
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    Metric,
)
from mlflow.exceptions import MlflowException

from contracts.errors import BadInput, ResultsInvalid, RunNotFound
from contracts.questions import Question
from contracts.run_group import RunGroup
from contracts.verdicts import QuestionRecord, TrainingResult
from evaluation.suite import Suite
from registry.mlflow_connection import connect, mlflow_faults
from registry.mlflow_runs import TrackedRun
from registry.versions import EXAMINED_TAG, SUITE_TAG

RECORDS_FILE: Final = "evaluation/records.jsonl"
TABLE_FILE: Final = "questions.json"
REPORT_PAGE: Final = "report/report.html"
REPORT_FILE: Final = "report/report.json"
FIGURES_FOLDER: Final = "figures"
# MLflow keeps at most this much of a dataset's digest.
DATASET_DIGEST_CHARACTERS: Final = 36
_MODEL_URI: Final = re.compile(r"^models:/(m-[0-9a-zA-Z]+)$")
_ABSENT: Final = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


def dataset_digest(suite_digest: str) -> str:
    """A suite's digest as MLflow can keep it: the first 36 hex digits."""
    return suite_digest.removeprefix("sha256:")[:DATASET_DIGEST_CHARACTERS]


class EvaluationRun(TrackedRun):
    """One MLflow run of an evaluation."""

    def __init__(self, uri: str, training: TrainingResult, group: RunGroup | None = None) -> None:
        """Raises ``TrackingAway`` within seconds when MLflow does not answer, ``RunNotFound``
        when it does not have the model of ``training``."""
        found = _MODEL_URI.match(training.model_uri)
        if found is None:
            raise BadInput(
                f"{training.model_uri!r} is no logged model of MLflow.",
                mend="`proctor train` logs one and writes its address into training.json.",
            )
        super().__init__(uri, group)
        self._training = training
        self._model_id = found[1]
        self._dataset: tuple[str, str] | None = None
        with mlflow_faults(uri):
            try:
                self._client.get_logged_model(self._model_id)
            except MlflowException as error:
                if error.error_code in _ABSENT:
                    raise RunNotFound(training.run_id, uri) from error
                raise

    def start(self, experiment: str, suite: Suite, params: Mapping[str, Any], commit: str) -> None:
        """Begin the run; ``commit`` is that of the code which evaluates."""
        training = self._training
        tags = {
            "stage": "evaluation",
            EXAMINED_TAG: training.digest,
            "profile": training.profile,
            "suite": suite.name,
            SUITE_TAG: suite.digest,
            "data_digest": training.data_digest,
            "git_commit": commit,
            "training_run_id": training.run_id,
            "training_git_commit": training.commit,
        }
        facts = {
            **params,
            "profile": training.profile,
            "scoring": training.scoring,
            "train.steps": training.steps,
            "train.seed": training.seed,
            "questions": len(suite.questions),
        }
        self._dataset = (suite.name, dataset_digest(suite.digest))
        source = Dataset(
            *self._dataset,
            source_type="local",
            source=json.dumps({"uri": suite.source}),
            profile=json.dumps({"num_rows": len(suite.questions)}),
        )
        with mlflow_faults(self._uri):
            name = (
                f"evaluate {training.profile} {training.steps} steps seed {training.seed}"
                f" on {suite.name}"
            )
            self._begin(self._experiment_id(experiment), name, facts, tags)
            self._client.log_inputs(
                self.run_id,
                datasets=[DatasetInput(source, [InputTag("mlflow.data.context", "evaluation")])],
                models=[LoggedModelInput(self._model_id)],
            )

    def log_metrics(self, metrics: Mapping[str, float], at_milliseconds: int) -> None:
        """On the run and on the logged model, of this suite."""
        name, digest = self._dataset or (None, None)
        with mlflow_faults(self._uri):
            self._client.log_batch(
                self.run_id,
                metrics=[
                    Metric(key, value, at_milliseconds, 0, self._model_id, name, digest)
                    for key, value in metrics.items()
                ],
            )

    def log_records(self, text: str, records: Sequence[QuestionRecord], suite: Suite) -> None:
        """``text`` as it is in out/records.jsonl, and a table that people can read."""
        with self._storage_faults():
            self._client.log_text(self.run_id, text, RECORDS_FILE)
            self._client.log_table(self.run_id, _table(records, suite), TABLE_FILE)

    def log_written(self, name: str, text: str) -> None:
        """``text`` as it is in the file ``name`` of out/."""
        with self._storage_faults():
            self._client.log_text(self.run_id, text, f"evaluation/{name}")

    def log_report(self, html: str, json: str) -> None:
        """One self-contained page, and the same as JSON."""
        with self._storage_faults():
            self._client.log_text(self.run_id, html, REPORT_PAGE)
            self._client.log_text(self.run_id, json, REPORT_FILE)

    def log_drawings(self, drawings: Mapping[str, str]) -> None:
        """SVG by name."""
        with self._storage_faults():
            for name, svg in drawings.items():
                self._client.log_text(self.run_id, svg, f"{FIGURES_FOLDER}/{name}.svg")


def asked_text(question: Question) -> str:
    """What people read of a question: stem and code."""
    return question.stem if question.code is None else f"{question.stem}\n\n{question.code}"


def _table(records: Sequence[QuestionRecord], suite: Suite) -> dict[str, list[Any]]:
    asked = [asked_text(question) for question in suite.questions]
    pairs = list(zip(suite.questions, records, strict=True))
    return {
        "id": [record.id for record in records],
        "family": [record.family for record in records],
        "difficulty": [record.difficulty for record in records],
        "correct": [record.correct for record in records],
        "gold": [record.gold for record in records],
        "letter": [record.letter for record in records],
        "confidence": [record.confidence for record in records],
        "misconception": [record.misconception for record in records],
        "question": asked,
        "choices": ["\n".join(question.choices) for question, _ in pairs],
    }


def fetch_records(uri: str, run_id: str) -> str:
    """The text of an evaluation run's records. Raises ``TrackingAway``, ``RunNotFound``, and
    ``ResultsInvalid`` when the run is no evaluation."""
    client = connect(uri)
    with mlflow_faults(uri), tempfile.TemporaryDirectory() as folder:
        try:
            client.get_run(run_id)
        except MlflowException as error:
            if error.error_code in _ABSENT:
                raise RunNotFound(run_id, uri) from error
            raise
        held = client.list_artifacts(run_id, str(Path(RECORDS_FILE).parent))
        if RECORDS_FILE not in {artifact.path for artifact in held}:
            raise ResultsInvalid(
                Path(RECORDS_FILE),
                f"run {run_id} does not hold it: it is no finished evaluation.",
                mend="Name a run that `proctor evaluate` made.",
            )
        file = client.download_artifacts(run_id, RECORDS_FILE, folder)
        return Path(file).read_bytes().decode("utf-8")


def fetch_report(uri: str, run_id: str) -> str | None:
    """The text of a run's report as JSON; ``None`` where it has none."""
    client = connect(uri)
    with mlflow_faults(uri), tempfile.TemporaryDirectory() as folder:
        held = client.list_artifacts(run_id, str(Path(REPORT_FILE).parent))
        if REPORT_FILE not in {artifact.path for artifact in held}:
            return None
        file = client.download_artifacts(run_id, REPORT_FILE, folder)
        return Path(file).read_bytes().decode("utf-8")
