from __future__ import annotations

import http.server
import tempfile
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from mlflow import MlflowClient

from contracts.digests import digest_of_file
from contracts.errors import ExperimentDeleted, TrackingAway
from contracts.questions import Question
from contracts.run_group import RunGroup
from contracts.run_metrics import CATALOGUE
from contracts.verdicts import TrainingResult
from mcq.checkpoint import checkpoint_digest
from tests.checkpoints import make_tiny_checkpoint
from tests.training.conftest import STEPS, Trained
from tests.training.making import COMMIT
from tests.waiting import free_port
from training.loop import CurvePoint
from training.tracking import DATA_CARD, TrainingRun, _figures


def store(folder: Path) -> str:
    """A store without a server: what an embedded MLflow URI gives."""
    return f"sqlite:///{folder}/mlflow.db"


def begin(
    uri: str, resumed: str | None = None, experiment: str = "e", group: RunGroup | None = None
) -> TrainingRun:
    run = TrainingRun(uri, experiment, group)
    run.start("a name", {"train.seed": 1}, {"git_commit": COMMIT}, resumed)
    return run


def points(*steps: int) -> list[CurvePoint]:
    return [CurvePoint(step, 1.0 / step, 0.1, 2.0 / step) for step in steps]


def steps_of(uri: str, run: TrainingRun, metric: str) -> list[int]:
    return [point.step for point in MlflowClient(uri).get_metric_history(run.run_id, metric)]


def mlflow_text(uri: str, run_id: str, name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return Path(MlflowClient(uri).download_artifacts(run_id, name, folder)).read_text()


def test_away_is_said_at_once() -> None:
    with pytest.raises(TrackingAway):
        TrainingRun(f"http://127.0.0.1:{free_port()}", "e")


class Healthy(http.server.BaseHTTPRequestHandler):
    """A tracking server that is up, as far as its health tells."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


def test_a_server_that_goes_away_hides_no_other_error() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = threading.Thread(target=lambda: [server.handle_request() for _ in "12"])
        thread.start()
        run = TrainingRun(f"http://127.0.0.1:{server.server_port}", "e")
        thread.join()
    run.run_id = "0" * 32
    with pytest.raises(TrackingAway):
        run.log_curve(points(20), 1)
    with pytest.raises(KeyboardInterrupt), run.ending():
        raise KeyboardInterrupt
    with pytest.raises(TrackingAway), run.ending():
        pass


def test_every_figure_of_a_curve_is_catalogued() -> None:
    names = {one.name for one in CATALOGUE if one.stage == "training"}
    whole = CurvePoint(20, 1.0, 0.1, 2.0, packing_ratio=0.9, tokens_per_second=100.0)
    assert set(_figures(whole)) == names
    assert set(_figures(CurvePoint(20, 1.0, 0.1))) == {"train_loss_nats", "learning_rate"}


@pytest.mark.integration
@pytest.mark.slow
def test_another_active_experiment_does_not_matter(
    mlflow_server: str, tmp_path: Path, bank: list[Question]
) -> None:
    import mlflow

    mlflow.set_tracking_uri(mlflow_server)
    mlflow.set_experiment("somebody-elses")
    run = begin(mlflow_server, experiment="ours")
    digest = make_tiny_checkpoint(tmp_path / "checkpoint")
    uri = run.log_model(tmp_path / "checkpoint", digest, bank[0])
    assert uri.startswith("models:/m-")


def test_runs_on_an_embedded_store(tmp_path: Path) -> None:
    """One store for all of it: making one takes seconds."""
    uri = store(tmp_path)
    client = MlflowClient(uri)

    run = begin(uri)
    run.log_curve([], 1)
    run.log_curve(points(20, 40), 1)
    run.log_curve(points(20, 40, 60), 2)
    assert steps_of(uri, run, "train_loss_nats") == [20, 40, 60]

    # A resumed run: same id, what MLflow has is not told again, nothing is left out.
    resumed = begin(uri, run.run_id)
    assert resumed.run_id == run.run_id
    resumed.log_curve(points(20, 40, 60, 80), 3)
    assert steps_of(uri, run, "validation_loss_nats") == [20, 40, 60, 80]

    # Resumed by another experiment of DVC: its group is told anew.
    run_group = RunGroup(group="seeds", parent_run_id="a" * 32, dvc_experiment="brave-otter")
    begin(uri, run.run_id, group=run_group)
    tags = client.get_run(run.run_id).data.tags
    assert {**run_group.tags(), "resumed": "true"}.items() <= tags.items()
    named = begin(uri, group=run_group)
    assert client.get_run(named.run_id).info.run_name == "a name (brave-otter)"
    assert run_group.tags().items() <= client.get_run(named.run_id).data.tags.items()

    # More points than one request may hold.
    fresh = begin(uri)
    many = list(range(1, 702))
    fresh.log_curve(points(*many), 1)
    for metric in ("train_loss_nats", "learning_rate", "validation_loss_nats"):
        assert steps_of(uri, fresh, metric) == many

    # Gone, unknown, or of another experiment: a new run.
    client.delete_run(fresh.run_id)
    for lost in (fresh.run_id, "0" * 32):
        assert begin(uri, lost).run_id not in {lost, ""}
    assert begin(uri, run.run_id, experiment="other").run_id != run.run_id

    for error, status in (
        (ValueError, "FAILED"),
        (SystemExit, "FAILED"),
        (KeyboardInterrupt, "KILLED"),
    ):
        with pytest.raises(error), run.ending():
            raise error
        assert client.get_run(run.run_id).info.status == status
    with run.ending():
        pass
    assert client.get_run(run.run_id).info.status == "FINISHED"


@pytest.mark.slow
@pytest.mark.integration
def test_the_run_tells_what_was_trained_from_what(
    trained: Trained, questions_folder: Path, mlflow_server: str
) -> None:
    result: TrainingResult = trained.result
    run = MlflowClient(mlflow_server).get_run(result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["train.steps"] == str(STEPS)
    assert run.data.params["profile.hidden_size"] == "16"
    assert run.data.params["questions.train"] == "48"
    assert 5_000 < int(run.data.params["parameters"]) < 20_000
    digest = digest_of_file(questions_folder / "train.jsonl")
    assert run.data.tags["data_digest"] == digest == result.data_digest
    assert run.data.tags["git_commit"] == COMMIT
    assert run.data.tags["stage"] == "training"
    assert run.data.tags["profile"] == "tiny"
    assert run.info.run_name == f"train tiny {STEPS} steps seed 1"
    card = mlflow_text(mlflow_server, result.run_id, DATA_CARD)
    assert digest in card
    assert "| train | 48 | learned |" in card
    history = MlflowClient(mlflow_server).get_metric_history(result.run_id, "train_loss_nats")
    assert [point.step for point in history] == list(range(20, STEPS + 1, 20))
    assert {point.timestamp for point in history} == {1_700_000_000_000}
    assert history[-1].value < history[0].value
    assert {"train_loss_nats", "validation_loss_nats", "learning_rate"} <= set(run.data.metrics)


@pytest.mark.slow
@pytest.mark.integration
def test_the_logged_model_holds_the_checkpoint_and_no_pickle(
    trained: Trained, mlflow_server: str, tmp_path: Path
) -> None:
    import mlflow

    mlflow.set_tracking_uri(mlflow_server)
    folder = Path(
        mlflow.artifacts.download_artifacts(trained.result.model_uri, dst_path=str(tmp_path))
    )
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert [name for name in names if name.endswith((".pkl", ".pickle", ".pyc"))] == []
    assert checkpoint_digest(folder / "artifacts" / "checkpoint") == trained.result.digest
    assert {"code/mcq/scorer.py", "code/contracts/questions.py"} <= set(names)
    assert not any(name.startswith(("code/training", "code/proctor")) for name in names)
    model = mlflow.get_logged_model(trained.result.model_uri.removeprefix("models:/"))
    assert model.tags["proctor.digest"] == trained.result.digest
    assert model.source_run_id == trained.result.run_id


@pytest.mark.integration
def test_a_deleted_experiment_is_told_with_its_mending(mlflow_server: str) -> None:
    name = f"deleted-{uuid4().hex}"
    client = MlflowClient(mlflow_server)
    client.delete_experiment(client.create_experiment(name))
    with pytest.raises(ExperimentDeleted, match=f"experiment {name} was deleted"):
        begin(mlflow_server, experiment=name)
