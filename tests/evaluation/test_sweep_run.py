from __future__ import annotations

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

from contracts.errors import TrackingAway
from contracts.run_group import PARENT_TAG
from contracts.run_metrics import CATALOGUE
from evaluation.sweep_run import TABLE_FILE, SweepRow, SweepRun, sweep_metrics
from tests.waiting import free_port

AXES = {"train.seed": ["1", "2"]}


def row(seed: str, accuracy: float | None) -> SweepRow:
    return SweepRow(
        experiment=f"seeds-{seed}", settings={"train.seed": seed}, accuracy_ratio=accuracy
    )


def begin(uri: str, name: str = "seeds", commit: str = "c" * 40) -> SweepRun:
    run = SweepRun(uri, "sweeps", name, commit)
    run.start(AXES)
    return run


def test_a_server_that_is_away_is_told_before_anything_runs() -> None:
    with pytest.raises(TrackingAway):
        SweepRun(f"http://127.0.0.1:{free_port()}", "e", "seeds", "c" * 40)


def test_its_metrics_are_those_of_the_catalogue() -> None:
    names = {one.name for one in CATALOGUE if one.stage == "sweep"}
    assert set(sweep_metrics([row("1", 0.5)])) == names


def test_a_sweep_on_an_embedded_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One store for all of it: making one takes seconds."""
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(uri)
    run = begin(uri)
    with run.ending():
        run.log_results([row("1", 0.5), row("2", None)], lambda: 1_700_000_000.0)
    found = client.get_run(run.run_id)
    assert (found.info.run_name, found.info.status) == ("sweep seeds", "FINISHED")
    assert found.data.params == {"sweep.train.seed": "1, 2"}
    assert found.data.tags["stage"] == "sweep"
    assert found.data.metrics["accuracy_best_ratio"] == 0.5
    assert PARENT_TAG not in found.data.tags

    # Again: the same run, with more results. Another commit or name: another run.
    again = begin(uri)
    assert again.run_id == run.run_id
    assert client.get_run(run.run_id).info.status == "RUNNING"
    again.log_results([row("1", 0.5), row("2", 0.7)])
    held = json.loads(Path(client.download_artifacts(run.run_id, TABLE_FILE)).read_text())
    assert held["columns"][:3] == ["experiment", "train.seed", "accuracy_ratio"]
    others = [begin(uri, commit="d" * 40), begin(uri, name="other")]
    assert len({run.run_id, *(other.run_id for other in others)}) == 3

    # A run without a parent comes below it; one with a parent stays; one that is gone is none.
    place = found.info.experiment_id
    alone = client.create_run(place).info.run_id
    taken = client.create_run(place, tags={PARENT_TAG: others[0].run_id}).info.run_id
    again.adopt([alone, taken, "0" * 32])
    assert client.get_run(alone).data.tags[PARENT_TAG] == run.run_id
    assert client.get_run(alone).data.tags["group"] == "seeds"
    assert client.get_run(taken).data.tags[PARENT_TAG] == others[0].run_id
    assert "group" not in client.get_run(taken).data.tags
