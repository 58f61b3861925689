"""The contract of a store of versions, on the in-memory twin and on the real MLflow."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from contracts.digests import digest_of_folder
from contracts.errors import (
    ModelNotFound,
    ProctorError,
    RunNotFound,
    TrackingAway,
    VersionNotFound,
)
from registry.mlflow_versions import MlflowVersions
from registry.versions import DIGEST_TAG, EXAMINED_TAG, MemoryVersions, VersionStore
from tests.registry.making import Evidence, examined, in_memory
from tests.registry.relay import Relay
from tests.waiting import free_port

Place = tuple[VersionStore, Evidence]


@pytest.fixture(params=["memory", pytest.param("mlflow", marks=pytest.mark.integration)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A store, and a checkpoint that was logged there."""
    if request.param == "memory":
        store = MemoryVersions()
        return store, in_memory(store, tmp_path)
    uri: str = request.getfixturevalue("mlflow_server")
    evidence: list[Evidence] = request.getfixturevalue("logged")
    return MlflowVersions(uri), evidence[0]


# ------------------------------------------------------------ what is not there


def test_a_model_that_nobody_registered(place: Place, model_name: str) -> None:
    store, _ = place
    assert store.tags(model_name) == {}
    assert store.aliases(model_name) == {}
    with pytest.raises(VersionNotFound):
        store.set_alias(model_name, "champion", "1")
    with pytest.raises(ModelNotFound):
        store.set_alias(model_name, "champion", None)


@pytest.mark.parametrize("run_id", ["0" * 32, "nonsense", "../x"])
def test_a_run_that_is_not_there(place: Place, run_id: str) -> None:
    store, _ = place
    for call in (store.check_run, store.records):
        with pytest.raises(RunNotFound, match="no run"):
            call(run_id)


@pytest.mark.parametrize("model_uri", ["models:/m-" + "0" * 32, "models:/nonsense"])
def test_a_logged_model_that_is_not_there(
    place: Place, model_name: str, tmp_path: Path, model_uri: str
) -> None:
    store, _ = place
    with pytest.raises(RunNotFound):
        store.create(model_name, model_uri, {})
    assert store.tags(model_name) == {}
    with pytest.raises(RunNotFound):
        store.fetch(model_uri, tmp_path / "fetched")


def test_a_version_that_is_not_there(place: Place, model_name: str) -> None:
    store, evidence = place
    store.create(model_name, evidence.training.model_uri, {})
    with pytest.raises(VersionNotFound):
        store.set_alias(model_name, "champion", "2")
    assert store.aliases(model_name) == {}


# ------------------------------------------------------------ what is there


def test_runs_that_are_there(place: Place) -> None:
    store, evidence = place
    store.check_run(evidence.training.run_id)
    store.check_run(evidence.evaluation.run_id)


def test_a_run_says_what_it_examined(place: Place) -> None:
    store, evidence = place
    found = store.run_facts(evidence.evaluation.run_id)
    assert found.run_id == evidence.evaluation.run_id
    assert examined(evidence.folder).items() <= found.tags.items()
    assert EXAMINED_TAG not in store.run_facts(evidence.training.run_id).tags


def test_versions_count_up_and_keep_their_tags(place: Place, model_name: str) -> None:
    store, evidence = place
    tags = [{DIGEST_TAG: evidence.digest, "proctor.verdict": "pass (bootstrap)"}, {}]
    assert [store.create(model_name, evidence.training.model_uri, each) for each in tags] == [
        "1",
        "2",
    ]
    assert store.tags(model_name) == {"1": tags[0], "2": tags[1]}
    assert model_name in store.models()


def test_a_model_without_our_tags_is_none_of_ours(place: Place, model_name: str) -> None:
    store, evidence = place
    store.create(model_name, evidence.training.model_uri, {"their": "tag"})
    assert model_name not in store.models()


def test_aliases_are_set_moved_and_removed(place: Place, model_name: str) -> None:
    store, evidence = place
    for _ in range(2):
        store.create(model_name, evidence.training.model_uri, {})
    store.set_alias(model_name, "champion", "1")
    store.set_alias(model_name, "challenger", "2")
    assert store.aliases(model_name) == {"champion": "1", "challenger": "2"}
    store.set_alias(model_name, "champion", "2")
    store.set_alias(model_name, "challenger", None)
    assert store.aliases(model_name) == {"champion": "2"}
    store.set_alias(model_name, "challenger", None)
    assert store.aliases(model_name) == {"champion": "2"}, "removing nothing is no fault"


def test_the_checkpoint_comes_back_as_it_was(place: Place, tmp_path: Path) -> None:
    store, evidence = place
    folder = tmp_path / "deep" / "fetched"
    for _ in range(2):
        path = store.fetch(evidence.training.model_uri, folder)
        assert path.is_relative_to(folder)
        assert digest_of_folder(path) == evidence.digest
    assert path != folder, "other files may lie beside the checkpoint"


def test_the_records_come_back_as_they_were(place: Place) -> None:
    store, evidence = place
    assert store.records(evidence.evaluation.run_id).count(b"\n") == 2


# ------------------------------------------------------------ MLflow alone


@pytest.mark.integration
def test_a_run_without_records(mlflow_server: str, logged: list[Evidence]) -> None:
    with pytest.raises(RunNotFound, match=r"evaluation/records\.jsonl"):
        MlflowVersions(mlflow_server).records(logged[0].training.run_id)


@pytest.mark.integration
def test_a_logged_model_without_a_checkpoint(
    mlflow_server: str, logged: list[Evidence], tmp_path: Path
) -> None:
    client = MlflowClient(mlflow_server, mlflow_server)
    experiment = client.get_run(logged[0].training.run_id).info.experiment_id
    model = client.create_logged_model(experiment, name="empty")
    with pytest.raises(RunNotFound):
        MlflowVersions(mlflow_server).fetch(f"models:/{model.model_id}", tmp_path)


@pytest.mark.integration
def test_a_deleted_run_is_not_there(mlflow_server: str) -> None:
    client = MlflowClient(mlflow_server, mlflow_server)
    mlflow.set_tracking_uri(mlflow_server)
    run = client.create_run(client.create_experiment(f"deleted-{time.time_ns()}"))
    store = MlflowVersions(mlflow_server)
    store.check_run(run.info.run_id)
    client.delete_run(run.info.run_id)
    with pytest.raises(RunNotFound):
        store.check_run(run.info.run_id)


def calls(store: MlflowVersions, evidence: Evidence, folder: Path) -> list[Callable[[], object]]:
    uri = evidence.training.model_uri
    return [
        store.models,
        lambda: store.tags("coding-mcqa"),
        lambda: store.aliases("coding-mcqa"),
        lambda: store.set_alias("coding-mcqa", "champion", "1"),
        lambda: store.set_alias("coding-mcqa", "champion", None),
        lambda: store.create("coding-mcqa", uri, {}),
        lambda: store.fetch(uri, folder),
        lambda: store.check_run(evidence.training.run_id),
        lambda: store.records(evidence.evaluation.run_id),
    ]


def away(call: Callable[[], object]) -> float:
    """How many seconds ``call`` takes to say that MLflow is away."""
    began = time.monotonic()
    with pytest.raises(TrackingAway) as found:
        call()
    assert found.value.exit_code == ProctorError.exit_code + 1
    return time.monotonic() - began


def test_nothing_listens(tmp_path: Path) -> None:
    evidence = in_memory(MemoryVersions(), tmp_path)
    store = MlflowVersions(f"http://127.0.0.1:{free_port()}")
    for call in calls(store, evidence, tmp_path / "fetched"):
        assert away(call) < 10


@pytest.mark.integration
@pytest.mark.parametrize("number", range(9))
def test_the_server_dies_between_two_calls(
    mlflow_server: str, logged: list[Evidence], tmp_path: Path, number: int
) -> None:
    relay = Relay(mlflow_server)
    store = MlflowVersions(relay.uri)
    store.check_run(logged[0].training.run_id)
    relay.cut()
    assert away(calls(store, logged[0], tmp_path)[number]) < 10
