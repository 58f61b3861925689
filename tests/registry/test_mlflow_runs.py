"""A run is ended whatever happens, also one whose id never reached us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from registry.mlflow_runs import TrackedRun


class InterruptedAtTheReply:
    """MLflow's client; the signal strikes when the server has made the run."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_run(self, *words: Any, **named: Any) -> None:
        self._client.create_run(*words, **named)
        raise KeyboardInterrupt


def started(run: TrackedRun, experiment: str, name: str) -> str:
    place = run._experiment_id(experiment)
    run._begin(place, name, {"steps": 3}, {"stage": "training"})
    return place


def test_interrupted_before_its_id_was_heard_of_a_run_is_marked_all_the_same(
    tmp_path: Path,
) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    other = TrackedRun(uri)
    place = started(other, "trial", "another's")
    run = TrackedRun(uri)
    run._client = InterruptedAtTheReply(run._client)
    with pytest.raises(KeyboardInterrupt), run.ending():
        started(run, "trial", "ours")
    assert run.run_id == ""
    found = {one.info.run_name: one.info.status for one in other._client.search_runs([place])}
    assert found == {"ours": "KILLED", "another's": "RUNNING"}


def test_what_never_began_has_nothing_to_end(tmp_path: Path) -> None:
    run = TrackedRun(f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(ZeroDivisionError), run.ending():
        raise ZeroDivisionError
    assert run.run_id == ""
