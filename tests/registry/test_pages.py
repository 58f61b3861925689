"""The pages in the store of versions: written, kept, made whole, and shown by the real MLflow."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

from contracts.errors import ModelNotFound, VersionNotFound
from registry.cards import MARK, model_page
from registry.ledger import Ledger
from registry.mlflow_versions import MlflowVersions
from registry.pages import write_pages
from registry.registry import Registry
from registry.versions import MemoryVersions
from tests.registry.making import MODEL, Evidence, in_memory


def test_registering_writes_the_card_and_what_the_name_is(
    registry: Registry, store: MemoryVersions, tmp_path: Path
) -> None:
    in_memory(store, tmp_path).register(registry)
    about, card = store.descriptions(MODEL, "1")
    assert about == model_page(MODEL)
    assert card.startswith(MARK)


def test_what_a_person_wrote_stays(
    registry: Registry, store: MemoryVersions, tmp_path: Path
) -> None:
    evidence = in_memory(store, tmp_path)
    evidence.register(registry)
    store.describe(MODEL, None, "ours to explain")
    store.describe(MODEL, "1", "see the wiki")
    evidence.register(registry)
    assert store.descriptions(MODEL, "1") == ("ours to explain", "see the wiki")


def test_a_card_that_is_missing_or_old_is_written_again(
    registry: Registry, store: MemoryVersions, tmp_path: Path
) -> None:
    evidence = in_memory(store, tmp_path)
    record = evidence.register(registry)
    _, card = store.descriptions(MODEL, "1")
    for before in ("", f"{MARK}of an older program"):
        store.describe(MODEL, "1", before)
        write_pages(store, record, evidence.training, evidence.evaluation)
        assert store.descriptions(MODEL, "1")[1] == card


def test_only_what_is_there_is_described(store: MemoryVersions) -> None:
    with pytest.raises(ModelNotFound):
        store.describe("nobody", None, "x")
    with pytest.raises(VersionNotFound):
        store.describe("nobody", "1", "x")
    with pytest.raises(VersionNotFound):
        store.descriptions("nobody", "1")


@pytest.mark.integration
def test_mlflow_shows_them(
    mlflow_server: str, logged: list[Evidence], tmp_path: Path, model_name: str
) -> None:
    versions = MlflowVersions(mlflow_server)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    registry = Registry(ledger, versions, actor="tester", commit="c0ffee")
    record = logged[0].register(registry, model_name)
    client = MlflowClient(mlflow_server)
    card = client.get_model_version(model_name, "1").description
    run = client.get_run(record.registered.run_id).info
    assert card.startswith(MARK)
    assert f"[{run.run_name}](#/experiments/{run.experiment_id}/runs/{run.run_id})" in card
    assert client.get_registered_model(model_name).description == model_page(model_name)
    assert versions.descriptions(model_name, "1") == (model_page(model_name), card)
    for call in (
        lambda: versions.descriptions(model_name, "9"),
        lambda: versions.describe(model_name, "9", "x"),
    ):
        with pytest.raises(VersionNotFound):
            call()
    with pytest.raises(ModelNotFound):
        versions.describe(f"{model_name}-not", None, "x")
