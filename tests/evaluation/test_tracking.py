from __future__ import annotations

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

from contracts.errors import BadInput, ResultsInvalid, RunNotFound, TrackingAway
from contracts.run_group import RunGroup
from evaluation.results import records_text
from evaluation.tracking import EvaluationRun, dataset_digest, fetch_records
from tests.evaluation.making import (
    DIGEST,
    make_questions,
    make_records,
    make_suite,
    make_training,
    write_logged_model,
)
from tests.waiting import free_port

EXPERIMENT = "tracking of evaluations"


def test_the_digest_of_a_dataset_is_as_long_as_mlflow_keeps() -> None:
    assert dataset_digest(DIGEST) == DIGEST[7:43]
    assert len(dataset_digest(DIGEST)) == 36


def test_a_server_that_is_away_is_told_at_once() -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(TrackingAway, match=uri):
        EvaluationRun(uri, make_training(DIGEST))
    with pytest.raises(TrackingAway, match=uri):
        fetch_records(uri, "0" * 32)


@pytest.mark.parametrize("address", ["", "runs:/abc/model", "models:/coding-mcqa/3", "m-1"])
def test_what_is_no_logged_model_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="no logged model"):
        EvaluationRun("http://127.0.0.1:1", make_training(DIGEST, address))


@pytest.mark.integration
def test_a_model_that_this_server_lacks_is_refused(mlflow_server: str) -> None:
    with pytest.raises(RunNotFound) as caught:
        EvaluationRun(mlflow_server, make_training(DIGEST, "models:/m-" + "0" * 32))
    assert mlflow_server in str(caught.value)


@pytest.mark.integration
def test_records_of_no_evaluation_cannot_be_fetched(mlflow_server: str) -> None:
    training = write_logged_model(mlflow_server, EXPERIMENT, DIGEST)
    with pytest.raises(ResultsInvalid, match=training.run_id):
        fetch_records(mlflow_server, training.run_id)
    with pytest.raises(RunNotFound, match="0000"):
        fetch_records(mlflow_server, "0" * 32)


@pytest.mark.integration
def test_a_run_says_what_was_examined_and_what_came_out(mlflow_server: str) -> None:
    training = write_logged_model(mlflow_server, EXPERIMENT, DIGEST)
    questions = make_questions(4)
    suite, records = make_suite(questions), make_records([True, False, None, True])
    group = RunGroup(group="seeds", parent_run_id="a" * 32, dvc_experiment="brave-otter")
    run = EvaluationRun(mlflow_server, training, group)
    with run.ending():
        run.start(EXPERIMENT, suite, {"evaluate.batch_tokens": 512}, "d" * 40)
        assert MlflowClient(mlflow_server).get_run(run.run_id).info.status == "RUNNING"
        run.log_metrics({"accuracy_ratio": 2 / 3, "unscored_questions": 1.0}, 1_700_000_000_000)
        run.log_records(records_text(records), records, suite)
        run.log_drawings({"reliability": "<svg/>"})

    client = MlflowClient(mlflow_server)
    found = client.get_run(run.run_id)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "evaluate tiny 10 steps seed 1 on bank-test (brave-otter)"
    assert found.data.metrics == {"accuracy_ratio": 2 / 3, "unscored_questions": 1.0}
    assert found.data.params["evaluate.batch_tokens"] == "512"
    assert found.data.params["questions"] == "4"
    expected = {
        "stage": "evaluation",
        "digest": DIGEST,
        "profile": "tiny",
        "group": "seeds",
        "mlflow.parentRunId": "a" * 32,
        "dvc_experiment": "brave-otter",
        "suite": "bank-test",
        "suite_digest": suite.digest,
        "data_digest": training.data_digest,
        "git_commit": "d" * 40,
        "training_run_id": training.run_id,
        "training_git_commit": training.commit,
    }
    assert expected.items() <= found.data.tags.items()
    (dataset,) = found.inputs.dataset_inputs
    assert dataset.dataset.name == "bank-test"
    assert dataset.dataset.digest == dataset_digest(suite.digest)
    model_id = training.model_uri.removeprefix("models:/")
    assert [model.model_id for model in found.inputs.model_inputs] == [model_id]
    metrics = {m.key: m for m in client.get_logged_model(model_id).metrics or []}
    assert metrics["accuracy_ratio"].value == 2 / 3
    assert metrics["accuracy_ratio"].dataset_name == "bank-test"
    assert metrics["accuracy_ratio"].run_id == run.run_id

    held = {a.path for a in client.list_artifacts(run.run_id)}
    assert held == {"evaluation", "figures", "questions.json"}
    figures = {a.path for a in client.list_artifacts(run.run_id, "figures")}
    assert figures == {"figures/reliability.svg"}
    assert fetch_records(mlflow_server, run.run_id) == records_text(records)
    table = json.loads(
        Path(client.download_artifacts(run.run_id, "questions.json")).read_text(encoding="utf-8")
    )
    assert table["columns"][:4] == ["id", "family", "difficulty", "correct"]
    assert len(table["data"]) == 4
    assert "print(0 + 1)" in json.dumps(table["data"][0])


@pytest.mark.integration
@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("x"), "FAILED"), (SystemExit(1), "FAILED"), (KeyboardInterrupt(), "KILLED")],
)
def test_what_breaks_marks_the_run_and_is_not_hidden(
    mlflow_server: str, error: BaseException, status: str
) -> None:
    training = write_logged_model(mlflow_server, EXPERIMENT, DIGEST)
    run = EvaluationRun(mlflow_server, training)
    run.start(EXPERIMENT, make_suite(make_questions(2)), {}, "d" * 40)
    with pytest.raises(type(error)), run.ending():
        raise error
    assert MlflowClient(mlflow_server).get_run(run.run_id).info.status == status


def test_what_breaks_before_the_run_began_is_not_hidden(tmp_path: Path) -> None:
    """On a store without a server, which is what an embedded MLflow URI gives."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    training = write_logged_model(uri, EXPERIMENT, DIGEST)
    run = EvaluationRun(uri, training)
    with pytest.raises(ZeroDivisionError), run.ending():
        raise ZeroDivisionError
    assert run.run_id == ""
