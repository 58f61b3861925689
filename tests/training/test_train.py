from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from contracts.digests import digest_of_folder
from contracts.errors import BadInput, TrackingAway
from contracts.params import Params
from contracts.verdicts import TrainingResult
from mcq.checkpoint import checkpoint_digest
from tests.training.conftest import STEPS, Trained
from tests.training.making import COMMIT, Command, make_params
from tests.waiting import free_port, wait_until
from training.train import TrainRequest, train


def run_of(uri: str, experiment: str) -> str:
    """The id of the only run in ``experiment``."""
    client = MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    (run,) = client.search_runs([found.experiment_id])
    return str(run.info.run_id)


def steps_of(uri: str, run_id: str, metric: str) -> list[int]:
    return [point.step for point in MlflowClient(uri).get_metric_history(run_id, metric)]


def everything_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def away_request(folder: Path, questions: Path) -> TrainRequest:
    return TrainRequest(
        questions=questions,
        out=folder / "out",
        home=folder,
        params=make_params("away"),
        tracking_uri=f"http://127.0.0.1:{free_port()}",
        commit=COMMIT,
    )


def test_mlflow_away_is_said_before_anything_is_written(
    tmp_path: Path, questions_folder: Path
) -> None:
    with pytest.raises(TrackingAway, match="does not answer"):
        train(away_request(tmp_path, questions_folder), now_seconds=time.time)
    assert everything_below(tmp_path) == []


@pytest.mark.integration
def test_missing_questions_are_said_before_a_run_is_made(
    tmp_path: Path, mlflow_server: str
) -> None:
    params = make_params("no questions")
    request = TrainRequest(
        tmp_path / "none", tmp_path / "out", tmp_path, params, mlflow_server, COMMIT
    )
    with pytest.raises(BadInput, match=r"train\.jsonl: there is no such file"):
        train(request, now_seconds=time.time)
    assert everything_below(tmp_path) == []
    assert MlflowClient(mlflow_server).get_experiment_by_name("no questions") is None


@pytest.mark.integration
def test_the_command_without_mlflow_ends_with_3_within_seconds(
    tmp_path: Path, questions_folder: Path
) -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    command = Command(tmp_path, questions_folder, uri, make_params("away"))
    before = everything_below(tmp_path)
    began = time.monotonic()
    code, said = command.run()
    assert code == 3, said
    assert said.startswith(f"error: MLflow at {uri} does not answer")
    assert "proctor up" in said
    assert everything_below(tmp_path) == before
    # Most of it is the import of torch; a refused connection is not waited for.
    assert time.monotonic() - began < 30


@pytest.mark.integration
def test_an_unknown_key_ends_with_2_and_is_named(tmp_path: Path, questions_folder: Path) -> None:
    command = Command(tmp_path, questions_folder, "http://127.0.0.1:1", make_params("keys"))
    raw = yaml.safe_load(command.params.read_text())
    raw["train"]["learnign_rate"] = 0.1
    command.params.write_text(yaml.safe_dump(raw))
    code, said = command.run()
    assert code == 2, said
    assert "train.learnign_rate: unknown key" in said
    assert not (tmp_path / "home").exists()
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.integration
def test_a_whole_training_writes_its_result_and_leaves_no_state(trained: Trained) -> None:
    text = (trained.out / "training.json").read_text(encoding="utf-8")
    assert TrainingResult.model_validate_json(text) == trained.result
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert trained.result.digest == checkpoint_digest(trained.out / "checkpoint")
    assert (trained.result.commit, trained.result.steps) == (COMMIT, STEPS)
    rows = (trained.out / "plots" / "training.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "step,train_loss,validation_loss,learning_rate"
    assert [int(row.split(",")[0]) for row in rows[1:]] == list(range(20, STEPS + 1, 20))
    assert list(trained.states.iterdir()) == []


@pytest.mark.slow
@pytest.mark.integration
def test_killed_for_good_and_run_again_ends_as_if_never_killed(
    tmp_path: Path, questions_folder: Path, mlflow_server: str, trained: Trained
) -> None:
    command = Command(
        tmp_path, questions_folder, mlflow_server, make_params("killed training", steps=STEPS)
    )
    process = command.start()
    wait_until(lambda: bool(command.saved()) or process.poll() is not None, 120, "a saved state")
    process.kill()
    _, said = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, said
    saved = int(command.saved()[-1].removeprefix("step-"))
    assert saved < STEPS
    run_id = run_of(mlflow_server, "killed training")
    assert MlflowClient(mlflow_server).get_run(run_id).info.status == "RUNNING"
    assert not command.out.exists()

    code, said = command.run()
    assert code == 0, said
    assert f"going on from step {saved} of {STEPS}" in said
    assert "shards" not in said, "no bar of a library's own"
    result = TrainingResult.model_validate_json((command.out / "training.json").read_bytes())
    assert result.run_id == run_id == run_of(mlflow_server, "killed training")
    assert result.digest == trained.result.digest
    assert checkpoint_digest(command.out / "checkpoint") == trained.result.digest
    assert (command.out / "plots" / "training.csv").read_bytes() == (
        trained.out / "plots" / "training.csv"
    ).read_bytes()
    assert list(command.states.iterdir()) == []
    run = MlflowClient(mlflow_server).get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["resumed"] == "true"
    for metric in ("train_loss_nats", "learning_rate", "validation_loss_nats"):
        assert steps_of(mlflow_server, run_id, metric) == list(range(20, STEPS + 1, 20))


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_with_130_marks_the_run_and_can_go_on(
    tmp_path: Path,
    questions_folder: Path,
    mlflow_server: str,
    trained: Trained,
    number: signal.Signals,
) -> None:
    experiment = f"interrupted by {number.name}"
    params = make_params(experiment, steps=STEPS)
    command = Command(tmp_path, questions_folder, mlflow_server, params)
    process = command.start()
    wait_until(lambda: bool(command.saved()) or process.poll() is not None, 120, "a saved state")
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    run_id = run_of(mlflow_server, experiment)
    assert MlflowClient(mlflow_server).get_run(run_id).info.status == "KILLED"

    heard: list[int] = []
    result = train(
        _request(command, params, mlflow_server), now_seconds=time.time, on_resume=heard.append
    )
    assert heard
    assert heard[0] % 20 == 0
    assert result.run_id == run_id
    assert result.digest == trained.result.digest
    assert MlflowClient(mlflow_server).get_run(run_id).info.status == "FINISHED"


def _request(command: Command, params: Params, uri: str) -> TrainRequest:
    return TrainRequest(command.questions, command.out, command.states.parent, params, uri, COMMIT)


@pytest.mark.slow
@pytest.mark.integration
def test_without_space_it_ends_with_3_and_the_old_checkpoint_is_unharmed(
    tmp_path: Path, questions_folder: Path, mlflow_server: str, trained: Trained
) -> None:
    command = Command(tmp_path, questions_folder, mlflow_server, make_params("full", steps=20))
    shutil.copytree(trained.out, command.out)
    before = digest_of_folder(command.out)
    code, said = command.run(file_bytes=20_000)
    assert code == 3, said
    assert "error: no space is left to write" in said
    assert "Free some space" in said
    assert "Traceback" not in said
    assert digest_of_folder(command.out) == before
    assert command.saved() == []
    run = MlflowClient(mlflow_server).get_run(run_of(mlflow_server, "full"))
    assert run.info.status == "FAILED"
