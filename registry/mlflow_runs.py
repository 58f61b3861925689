"""One MLflow run, from its begin to its end: what a training's and an evaluation's share.

Making the experiment, the run with its parameters and tags, and marking it FINISHED, FAILED
or KILLED. What a run holds is told by those who make one (``training.tracking``,
``evaluation.tracking``, ``evaluation.sweep_run``).

Source: https://mlflow.org/docs/latest/api_reference/python_api/mlflow.client.html
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from contracts.errors import TrackingAway
from contracts.files import storage_faults
from contracts.run_group import RunGroup
from registry.mlflow_connection import connect, mlflow_faults

ATTEMPT_TAG: Final = "proctor.attempt"


class TrackedRun:
    """A run at ``uri`` that belongs to ``group``. ``run_id`` is empty until it began."""

    def __init__(self, uri: str, group: RunGroup | None = None) -> None:
        """Raises ``TrackingAway`` within seconds when MLflow does not answer."""
        self._uri = uri
        self._client = connect(uri)
        self._group = group or RunGroup()
        self._begun: tuple[str, str] | None = None
        self.run_id = ""

    def _experiment_id(self, name: str) -> str:
        """The experiment ``name``, made when it is not there."""
        with mlflow_faults(self._uri):
            found = self._client.get_experiment_by_name(name)
            return str(found.experiment_id if found else self._client.create_experiment(name))

    def _begin(
        self, experiment_id: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str]
    ) -> None:
        """Make the run: its name ends in the DVC experiment's, its tags tell the group."""
        from mlflow.entities import Param

        # Whoever is interrupted before MLflow's reply knows no id: the run is found by this.
        attempt = uuid.uuid4().hex
        self._begun = (experiment_id, attempt)
        with mlflow_faults(self._uri):
            run = self._client.create_run(
                experiment_id,
                run_name=self._group.named(name),
                tags={**tags, **self._group.tags(), ATTEMPT_TAG: attempt},
            )
            self.run_id = str(run.info.run_id)
            self._client.log_batch(
                self.run_id,
                params=[Param(key, str(value)) for key, value in sorted(params.items())],
            )

    @contextmanager
    def _storage_faults(self) -> Iterator[None]:
        """For artifacts: MLflow writes them to the temporary folder before it sends them."""
        with mlflow_faults(self._uri), storage_faults(Path(tempfile.gettempdir())):
            yield

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Mark the run FINISHED, KILLED (interrupted) or FAILED by how the block ends. That
        MLflow is away by then does not hide why it ended."""
        try:
            yield
        except BaseException as error:
            # When MLflow itself went away, the first error is the one to report.
            with suppress(TrackingAway):
                self._end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
            raise
        self._end("FINISHED")

    def _end(self, status: str) -> None:
        with mlflow_faults(self._uri):
            run_id = self.run_id or self._unheard_of()
            if run_id:
                self._client.set_terminated(run_id, status)

    def _unheard_of(self) -> str:
        """The run that MLflow made and whose id never reached us; empty when there is none."""
        if self._begun is None:
            return ""
        experiment_id, attempt = self._begun
        found = self._client.search_runs([experiment_id], f"tags.`{ATTEMPT_TAG}` = '{attempt}'")
        return str(found[0].info.run_id) if found else ""
