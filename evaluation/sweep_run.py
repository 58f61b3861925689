"""The MLflow run of a sweep: the parent below which MLflow shows the runs of its experiments.

Its metrics say how the experiments' accuracies lie, ``sweep.json`` is a table of them. A
sweep that is run again goes on in the run it has. Runs of an experiment that DVC took from
its cache were made before: one that has no parent yet is put below this one, one that has
stays where it is, and the table names it all the same.

Source: https://mlflow.org/docs/latest/ml/tracking/tracking-api/#parent-and-child-runs
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

from contracts.run_group import PARENT_TAG, RunGroup
from contracts.shape import Shape
from contracts.verdicts import EvaluationResult, TrainingResult, Verdict
from registry.mlflow_connection import mlflow_faults
from registry.mlflow_runs import TrackedRun

TABLE_FILE: Final = "sweep.json"


class SweepRow(Shape):
    """One experiment: what was set, and what came out. ``accuracy_ratio`` and what is named
    after it are ``None`` when the experiment failed."""

    experiment: str
    settings: dict[str, str]
    accuracy_ratio: float | None = None
    accuracy_lower_ratio: float | None = None
    accuracy_upper_ratio: float | None = None
    verdict: str | None = None
    digest: str | None = None
    training_run_id: str | None = None
    evaluation_run_id: str | None = None

    @classmethod
    def of(
        cls,
        experiment: str,
        settings: Mapping[str, str],
        training: TrainingResult,
        evaluation: EvaluationResult,
        verdict: Verdict,
    ) -> SweepRow:
        return cls(
            experiment=experiment,
            settings=dict(settings),
            accuracy_ratio=evaluation.accuracy.estimate,
            accuracy_lower_ratio=evaluation.accuracy.lower,
            accuracy_upper_ratio=evaluation.accuracy.upper,
            verdict=verdict.decision,
            digest=training.digest,
            training_run_id=training.run_id,
            evaluation_run_id=evaluation.run_id,
        )

    @property
    def run_ids(self) -> list[str]:
        return [run for run in (self.training_run_id, self.evaluation_run_id) if run]


def sweep_metrics(rows: Sequence[SweepRow]) -> dict[str, float]:
    """How the accuracies of the experiments lie, by names of ``contracts.run_metrics``.
    Failed ones count in ``experiments`` only; when all failed there is nothing else."""
    found = [row.accuracy_ratio for row in rows if row.accuracy_ratio is not None]
    metrics = {"experiments": float(len(rows))}
    if found:
        metrics |= {
            "accuracy_mean_ratio": sum(found) / len(found),
            "accuracy_best_ratio": max(found),
            "accuracy_spread_ratio": max(found) - min(found),
        }
    return metrics


class SweepRun(TrackedRun):
    """The run of the sweep ``name`` at the commit ``commit``."""

    def __init__(self, uri: str, experiment: str, name: str, commit: str) -> None:
        """Raises ``TrackingAway`` within seconds when MLflow does not answer."""
        super().__init__(uri)
        self._experiment = experiment
        self._name = name
        self._commit = commit

    @property
    def group(self) -> RunGroup:
        """What the runs of the experiments belong to; once the run began."""
        return RunGroup(group=self._name, parent_run_id=self.run_id)

    def start(self, axes: Mapping[str, Sequence[str]]) -> None:
        """Begin, or go on in the run that this sweep has at this commit."""
        tags = {"stage": "sweep", "group": self._name, "git_commit": self._commit}
        with mlflow_faults(self._uri):
            place = self._experiment_id(self._experiment)
            wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
            found = self._client.search_runs([place], wanted, max_results=1)
            if found:
                self.run_id = str(found[0].info.run_id)
                self._client.update_run(self.run_id, status="RUNNING")
                return
            settings = {f"sweep.{key}": ", ".join(values) for key, values in axes.items()}
            self._begin(place, f"sweep {self._name}", settings, tags)

    def adopt(self, run_ids: Sequence[str]) -> None:
        """Put runs that have no parent below this one."""
        for run_id in run_ids:
            with mlflow_faults(self._uri):
                try:
                    tags = self._client.get_run(run_id).data.tags
                except MlflowException as error:
                    # Made at another MLflow, or deleted since: DVC's results are still good.
                    if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                        continue
                    raise
                for key, value in self.group.tags().items() if PARENT_TAG not in tags else ():
                    self._client.set_tag(run_id, key, value)

    def log_results(
        self, rows: Sequence[SweepRow], now_seconds: Callable[[], float] = time.time
    ) -> None:
        """Metrics of the sweep, and its table as ``sweep.json``."""
        at_milliseconds = int(now_seconds() * 1000)
        with self._storage_faults():
            self._client.log_batch(
                self.run_id,
                metrics=[
                    Metric(key, value, at_milliseconds, 0)
                    for key, value in sweep_metrics(rows).items()
                ],
            )
            self._client.log_table(self.run_id, _columns(rows), TABLE_FILE)


def _columns(rows: Sequence[SweepRow]) -> dict[str, list[Any]]:
    plain = [row.model_dump(exclude={"settings"}) for row in rows]
    keys = sorted({key for row in rows for key in row.settings})
    settings = {key: [row.settings.get(key) for row in rows] for key in keys}
    return {
        "experiment": [row["experiment"] for row in plain],
        **settings,
        **{key: [row[key] for row in plain] for key in plain[0] if key != "experiment"},
    }
