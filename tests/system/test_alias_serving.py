"""A registered version as stock MLflow serves it by its alias, and what it refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

from contracts.errors import DigestMismatch
from contracts.models import ModelRef
from contracts.questions import Question
from mcq.scorer import Scorer
from registry.ledger import Ledger
from registry.mlflow_versions import MlflowVersions
from registry.registry import Registry
from tests.checkpoints import make_tiny_checkpoint
from tests.registry.making import Evidence, evidence_of, examined, records_bytes
from tests.strangers import answers_without_us, invoke, load_and_ask, rows_of, served_by_mlflow
from training.tracking import TrainingRun

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ASKED = [
    Question(id="code", stem="What is printed?", code="print('ab' * 2)", choices=("abab", "aabb")),
    Question(id="bare", stem="Which one?", choices=("x", "yy", "zzz")),
]
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib", ".npy", ".npz", ".pyc")


def logged_checkpoint(uri: str, home: Path, seed: int) -> Evidence:
    """A tiny checkpoint logged as training logs one, with the records of an evaluation."""
    folder = home / f"seed-{seed}" / "checkpoint"
    digest = make_tiny_checkpoint(folder, seed=seed)
    run = TrainingRun(uri, "alias-serving")
    run.start(f"seed {seed}", {"seed": seed}, {}, None)
    with run.ending():
        model_uri = run.log_model(folder, digest, ASKED[0])
    client = MlflowClient(uri)
    records = records_bytes((True, False))
    experiment = client.get_run(run.run_id).info.experiment_id
    evaluation = client.create_run(experiment, tags=examined(folder)).info.run_id
    client.log_text(evaluation, records.decode(), "evaluation/records.jsonl")
    return evidence_of(
        folder, records, run_id=run.run_id, evaluation_run_id=evaluation, model_uri=model_uri
    )


@dataclass(frozen=True)
class Champion:
    """A version that was registered and promoted, in the real MLflow."""

    uri: str
    model: str
    registry: Registry
    evidence: Evidence

    @property
    def alias(self) -> str:
        return f"models:/{self.model}@champion"

    @property
    def model_id(self) -> str:
        return self.evidence.training.model_uri.removeprefix("models:/")


def crown(uri: str, home: Path, seed: int) -> Champion:
    model = f"mcqa-{uuid4().hex[:12]}"
    registry = Registry(
        Ledger(f"sqlite:///{home}/ledger.db"), MlflowVersions(uri), actor="tester", commit="c0ffee"
    )
    evidence = logged_checkpoint(uri, home, seed)
    record = evidence.register(registry, model)
    registry.promote(ModelRef(name=model, version=record.version), why="the first one")
    return Champion(uri, model, registry, evidence)


@pytest.fixture(scope="module")
def champion(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Champion:
    return crown(mlflow_server, tmp_path_factory.mktemp("champion"), seed=0)


def check_answers(answers: list[dict[str, object]], champion: Champion) -> None:
    expected = Scorer.load(champion.evidence.folder).score(ASKED)
    for question, answer, ours in zip(ASKED, answers, expected, strict=True):
        probabilities = answer["probabilities"]
        assert isinstance(probabilities, list)
        assert len(probabilities) == len(question.choices)
        assert sum(probabilities) == pytest.approx(1.0)
        assert probabilities == pytest.approx(ours.probabilities, abs=1e-6)
        assert answer["letter"] == ours.letter
        assert answer["confidence"] == pytest.approx(max(probabilities))


# ------------------------------------------------------------ it answers


def test_stock_mlflow_loads_the_champion_by_its_alias(champion: Champion, tmp_path: Path) -> None:
    done = load_and_ask(champion.alias, ASKED, uri=champion.uri, folder=tmp_path)
    check_answers(answers_without_us(done), champion)


@pytest.fixture(scope="module")
def served(champion: Champion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("served")
    with served_by_mlflow(champion.alias, uri=champion.uri, home=home) as url:
        yield url


def test_mlflow_models_serve_answers_on_the_alias(served: str, champion: Champion) -> None:
    status, reply = invoke(served, rows_of(ASKED))
    assert status == 200, reply
    check_answers(reply["predictions"], champion)


def test_a_version_brings_no_pickle(champion: Champion, tmp_path: Path) -> None:
    folder = Path(
        download_artifacts(champion.alias, dst_path=str(tmp_path), tracking_uri=champion.uri)
    )
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert (folder / "artifacts/checkpoint/model.safetensors") in files
    assert [path.name for path in files if path.suffix in PICKLES] == []
    # Pickles of protocol 2 and above begin with this byte, whatever they are called.
    assert [path.name for path in files if path.read_bytes()[:1] == b"\x80"] == []


# ------------------------------------------------------------ it is refused


def test_a_logged_model_of_other_weights_is_not_registered(
    champion: Champion, tmp_path: Path
) -> None:
    other = logged_checkpoint(champion.uri, tmp_path, seed=7)
    # The results of one training, pointing to the logged model of another.
    mixed = Evidence(
        folder=other.folder,
        training=other.training.model_copy(
            update={"model_uri": champion.evidence.training.model_uri}
        ),
        evaluation=other.evaluation,
    )
    before = champion.registry.ledger.events()
    with pytest.raises(DigestMismatch) as found:
        mixed.register(champion.registry, champion.model)
    assert found.value.exit_code == 1
    assert found.value.expected == other.digest
    assert found.value.found == champion.evidence.digest
    assert f"logged model {champion.evidence.training.model_uri}" in found.value.fact
    assert found.value.mend == ("It is of another training: run `dvc repro` so that all is of one.")
    assert champion.registry.ledger.events() == before
    assert set(MlflowVersions(champion.uri).tags(champion.model)) == {"1"}


def test_a_changed_byte_is_refused_by_stock_mlflow_and_by_us(
    mlflow_server: str, tmp_path: Path
) -> None:
    champion = crown(mlflow_server, tmp_path, seed=3)
    weights = Path("artifacts/checkpoint/model.safetensors")
    altered = tmp_path / "altered" / weights
    altered.parent.mkdir(parents=True)
    data = bytearray((champion.evidence.folder / weights.name).read_bytes())
    data[-1] ^= 1
    altered.write_bytes(data)
    MlflowClient(mlflow_server).log_model_artifacts(
        champion.model_id, os.fspath(tmp_path / "altered")
    )

    done = load_and_ask(champion.alias, ASKED, uri=mlflow_server, folder=tmp_path)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "DigestMismatch" in last
    assert f"{champion.evidence.digest[:19]}… was recorded" in last

    record = champion.registry.champion(champion.model)
    assert record is not None
    with pytest.raises(DigestMismatch, match="Its artifacts were altered") as found:
        champion.registry.fetch(record, tmp_path / "fetched")
    assert found.value.expected == champion.evidence.digest
