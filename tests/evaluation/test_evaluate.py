from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from contracts.digests import digest_of_bytes, digest_of_file
from contracts.errors import (
    BadInput,
    CannotWrite,
    CheckpointInvalid,
    ClusterAway,
    DigestMismatch,
    EmptySample,
    ProctorError,
    ResultsInvalid,
    StorageFull,
    TrackingAway,
)
from contracts.params import Params
from evaluation.batches import ClusterSettings
from evaluation.evaluate import EvaluateRequest, evaluate
from evaluation.results import read_evaluation, read_records_of, write_shape
from evaluation.suite import read_whole
from evaluation.tracking import fetch_records
from mcq.checkpoint import checkpoint_digest
from mcq.loaders import questions_digest
from proctor.params import load_params
from tests.checkpoints import make_tiny_checkpoint
from tests.evaluation.making import (
    make_questions,
    make_spec,
    make_training,
    write_logged_model,
    write_questions,
)
from tests.waiting import free_port

EXPERIMENT = "whole evaluations"
OUTPUTS = [
    "evaluation.json",
    "metrics/evaluation.json",
    "plots/accuracy_by_difficulty.csv",
    "plots/accuracy_by_family.csv",
    "plots/misconceptions.csv",
    "plots/reliability.csv",
    "records.jsonl",
    "report/report.html",
    "report/report.json",
]


def small_params() -> Params:
    params = load_params(Path(__file__).parents[2] / "params.yaml")
    small = params.evaluate.model_copy(update={"max_questions": 30, "batch_tokens": 2_048})
    return params.model_copy(update={"experiment": EXPERIMENT, "evaluate": small})


def make_request(folder: Path, checkpoint: Path, uri: str) -> EvaluateRequest:
    return EvaluateRequest(
        checkpoint=checkpoint,
        training=folder / "training.json",
        suite=make_spec(write_questions(folder / "test.jsonl", make_questions(40))),
        out=folder / "out",
        params=small_params(),
        tracking_uri=uri,
        commit="e" * 40,
        scores=folder / "scores",
    )


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): digest_of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run_statuses(uri: str, experiment: str) -> list[str]:
    client = MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return []
    runs = client.search_runs([found.experiment_id], "tags.stage = 'evaluation'")
    return [run.info.status for run in runs]


# -------------------------------------------------- what is refused before any work


def test_a_server_that_is_away_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    """The checkpoint is not even there: had it been looked for, that would be the error."""
    request = make_request(tmp_path, tmp_path / "no-checkpoint", f"http://127.0.0.1:{free_port()}")
    write_shape(request.training, make_training(digest_of_bytes(b""), "models:/m-1"))
    with pytest.raises(TrackingAway):
        evaluate(request, now_seconds=lambda: 0.0)
    assert not request.out.exists()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ("training.json", ResultsInvalid),
        ("test.jsonl", BadInput),
        ("checkpoint", CheckpointInvalid),
    ],
)
def test_a_missing_input_is_named_and_makes_no_run(
    mlflow_server: str, tmp_path: Path, broken: str, error: type[ProctorError]
) -> None:
    checkpoint = tmp_path / "checkpoint"
    digest = make_tiny_checkpoint(checkpoint)
    request = make_request(tmp_path, checkpoint, mlflow_server)
    write_shape(request.training, write_logged_model(mlflow_server, EXPERIMENT, digest))
    target = tmp_path / broken
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    before = run_statuses(mlflow_server, EXPERIMENT)
    with pytest.raises(error, match=broken):
        evaluate(request, now_seconds=lambda: 0.0)
    assert run_statuses(mlflow_server, EXPERIMENT) == before
    assert not request.out.exists()


@pytest.mark.integration
def test_other_weights_than_the_training_recorded_are_refused(
    mlflow_server: str, tmp_path: Path, tiny_checkpoint: Path
) -> None:
    request = make_request(tmp_path, tiny_checkpoint, mlflow_server)
    other = digest_of_bytes(b"other weights")
    write_shape(request.training, write_logged_model(mlflow_server, EXPERIMENT, other))
    with pytest.raises(DigestMismatch):
        evaluate(request, now_seconds=lambda: 0.0)
    assert not request.out.exists()


# ------------------------------------------------------------------- what it makes


@pytest.fixture(scope="module")
def evaluated(
    mlflow_server: str, tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path
) -> tuple[EvaluateRequest, list[int]]:
    """One evaluation, done; and what it said of its progress."""
    folder = tmp_path_factory.mktemp("evaluated")
    request = make_request(folder, tiny_checkpoint, mlflow_server)
    digest = checkpoint_digest(tiny_checkpoint)
    write_shape(request.training, write_logged_model(mlflow_server, EXPERIMENT, digest))
    heard: list[int] = []
    evaluate(
        request, now_seconds=lambda: 1_700_000_000.0, on_scored=lambda done, _of: heard.append(done)
    )
    return request, heard


@pytest.mark.integration
def test_files_and_run_say_the_same(
    mlflow_server: str, evaluated: tuple[EvaluateRequest, list[int]]
) -> None:
    request, heard = evaluated
    assert list(snapshot(request.out)) == sorted(OUTPUTS)
    result = read_evaluation(request.out / "evaluation.json")
    records = read_records_of(result, request.out / "records.jsonl")
    assert (result.questions, len(records), heard[-1]) == (30, 30, 60)
    assert result.digest == checkpoint_digest(request.checkpoint)
    client = MlflowClient(mlflow_server)
    run = client.get_run(result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["git_commit"] == "e" * 40
    metrics = json.loads((request.out / "metrics/evaluation.json").read_text())
    assert run.data.metrics == pytest.approx(metrics)
    assert metrics["accuracy_ratio"] == result.accuracy.estimate
    assert (
        fetch_records(mlflow_server, result.run_id).encode()
        == (request.out / "records.jsonl").read_bytes()
    )
    assert result.records_digest == digest_of_file(request.out / "records.jsonl")
    plots = (request.out / "plots/accuracy_by_family.csv").read_text().splitlines()
    assert plots[0] == "family,questions,correct,accuracy,lower,upper"
    assert [line.split(",")[0] for line in plots[1:]] == ["lists", "strings", "sums"]


@pytest.mark.integration
def test_the_same_again_gives_the_same_bytes_but_for_the_run(
    evaluated: tuple[EvaluateRequest, list[int]],
) -> None:
    request, _ = evaluated
    before, first = snapshot(request.out), read_evaluation(request.out / "evaluation.json")
    second = evaluate(request, now_seconds=lambda: 1_800_000_000.0)
    after = snapshot(request.out)
    changed = {name for name, digest in after.items() if before[name] != digest}
    # What names the run.
    assert changed == {"evaluation.json", "report/report.html", "report/report.json"}
    assert second.run_id != first.run_id
    assert second.model_copy(update={"run_id": first.run_id}) == first


@pytest.mark.integration
def test_what_was_scored_is_not_read_again_and_the_temperature_is_told(
    mlflow_server: str, tmp_path: Path, tiny_checkpoint: Path
) -> None:
    """The second time no weights are read: there would be none to read."""
    request = make_request(tmp_path, tiny_checkpoint, mlflow_server)
    validation = write_questions(tmp_path / "validation.jsonl", make_questions(60)[40:])
    request = replace(request, validation=validation)
    digest = checkpoint_digest(tiny_checkpoint)
    write_shape(request.training, write_logged_model(mlflow_server, EXPERIMENT, digest))
    heard: list[tuple[int, int]] = []
    first = evaluate(
        request, now_seconds=lambda: 0.0, on_scored=lambda *counts: heard.append(counts)
    )
    assert (heard[0], heard[-1]) == ((0, 80), (80, 80))
    assert first.temperature is not None
    assert first.temperature.questions == 20
    assert (first.template, first.precision, first.shots) == ("code-1", "fp32", 0)
    metrics = MlflowClient(mlflow_server).get_run(first.run_id).data.metrics
    assert metrics["temperature"] == pytest.approx(first.temperature.value)
    again: list[tuple[int, int]] = []
    second = evaluate(
        request, now_seconds=lambda: 0.0, on_scored=lambda *counts: again.append(counts)
    )
    assert again == [(30, 80), (50, 80), (80, 80)]
    assert second.model_copy(update={"run_id": first.run_id}) == first


def test_a_model_from_scratch_is_refused_a_suite_of_written_answers(tmp_path: Path) -> None:
    """Before MLflow or the checkpoint are looked for: neither is there."""
    request = make_request(tmp_path, tmp_path / "none", "http://127.0.0.1:1")
    write_shape(request.training, make_training(digest_of_bytes(b""), "models:/m-1"))
    written = request.suite.model_copy(update={"protocol": "generate"})
    with pytest.raises(CannotWrite, match="trained from nothing"):
        evaluate(replace(request, suite=written), now_seconds=lambda: 0.0)


@pytest.mark.integration
def test_letters_are_asked_in_every_order_after_shots(mlflow_server: str, tmp_path: Path) -> None:
    checkpoint = tmp_path / "letters"
    digest = make_tiny_checkpoint(checkpoint, scoring="letter", context_tokens=2_048)
    request = make_request(tmp_path, checkpoint, mlflow_server)
    shots = write_questions(tmp_path / "shots.jsonl", make_questions(60)[50:])
    spec = make_spec(
        tmp_path / "test.jsonl", template="mmlu-1", shots=[{"path": str(shots)}], shots_count=2
    )
    write_shape(request.training, write_logged_model(mlflow_server, EXPERIMENT, digest))
    result = evaluate(replace(request, suite=spec), now_seconds=lambda: 0.0)
    assert (result.template, result.shots, result.protocol) == ("mmlu-1", 2, "scored")
    records = read_records_of(result, request.out / "records.jsonl")
    assert {len(record.orders) for record in records} == {4}
    assert all(record.orders[0] == record.probabilities for record in records)
    assert all(record.option_mass is not None for record in records)
    report = json.loads((request.out / "report/report.json").read_text())
    way = report["header"]["way"]
    assert (way["template"], way["shots_count"], way["precision"]) == ("mmlu-1", 2, "fp32")


@pytest.mark.integration
def test_shots_by_family_are_told_and_validation_without_them_is_left_out(
    mlflow_server: str, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "families"
    digest = make_tiny_checkpoint(checkpoint, scoring="letter", context_tokens=2_048)
    request = make_request(tmp_path, checkpoint, mlflow_server)
    *own, first, second = make_questions(62)[42:]
    strangers = [one.model_copy(update={"family": "loops"}) for one in (first, second)]
    shots = {"path": str(write_questions(tmp_path / "shots.jsonl", own))}
    spec = make_spec(tmp_path / "test.jsonl", shots=[shots], shots_count=2, shots_by="family")
    write_shape(request.training, write_logged_model(mlflow_server, EXPERIMENT, digest))
    said: list[str] = []
    validation = write_questions(tmp_path / "validation.jsonl", strangers)
    result = evaluate(
        replace(request, suite=spec, validation=validation, say=said.append),
        now_seconds=lambda: 0.0,
    )
    assert (result.shots, result.shots_by, result.temperature) == (2, "family", None)
    assert ["no temperature is fitted" in text for text in said] == [True]
    way = json.loads((request.out / "report/report.json").read_text())["header"]["way"]
    assert (way["shots_count"], way["shots_by"]) == (2, "family")
    assert way["shots_digest"] == questions_digest(read_whole(spec).shots.every)
    page = (request.out / "report/report.html").read_text()
    assert "2 of its own family" in page
    # Validation of families that have shots is asked after them.
    write_questions(validation, [*strangers, *own])
    again = evaluate(replace(request, suite=spec, validation=validation), now_seconds=lambda: 0.0)
    assert again.temperature is not None
    assert again.temperature.questions == len(own) - 2 * 3


# ----------------------------------------------------------- what breaks on the way


@pytest.mark.integration
def test_an_evaluation_that_fails_marks_its_run_and_leaves_the_old_results(
    mlflow_server: str, tmp_path: Path, evaluated: tuple[EvaluateRequest, list[int]]
) -> None:
    """A context too short for any question: nothing is scored, so there is no accuracy."""
    request, _ = evaluated
    before = snapshot(request.out)
    checkpoint = tmp_path / "short"
    digest = make_tiny_checkpoint(checkpoint, context_tokens=8)
    short = make_request(tmp_path, checkpoint, mlflow_server)
    experiment = "evaluations that fail"
    write_shape(short.training, write_logged_model(mlflow_server, experiment, digest))
    params = short.params.model_copy(update={"experiment": experiment})
    broken = EvaluateRequest(**{**vars(short), "out": request.out, "params": params})
    with pytest.raises(EmptySample, match="none of the 30 questions"):
        evaluate(broken, now_seconds=lambda: 0.0)
    assert run_statuses(mlflow_server, experiment) == ["FAILED"]
    assert snapshot(request.out) == before


@contextmanager
def no_space() -> Iterator[None]:
    """This process may write files of at most 1000 bytes: a full disk, as errors go. A block,
    no fixture: the runner itself must be able to write its report to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.integration
def test_a_full_disk_marks_the_run_and_leaves_the_old_results(
    mlflow_server: str, evaluated: tuple[EvaluateRequest, list[int]]
) -> None:
    done, _ = evaluated
    before = snapshot(done.out)
    experiment = "evaluations without space"
    params = done.params.model_copy(update={"experiment": experiment})
    full = EvaluateRequest(**{**vars(done), "params": params})
    with no_space(), pytest.raises(StorageFull, match="no space is left"):
        evaluate(full, now_seconds=lambda: 0.0)
    assert run_statuses(mlflow_server, experiment) == ["FAILED"]
    assert snapshot(done.out) == before


@pytest.mark.integration
def test_a_cluster_that_is_not_there_leaves_no_run(mlflow_server: str, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    digest = make_tiny_checkpoint(tmp_path / "checkpoint")
    request = make_request(tmp_path, tmp_path / "checkpoint", mlflow_server)
    write_shape(request.training, write_logged_model(mlflow_server, EXPERIMENT, digest))
    before = run_statuses(mlflow_server, EXPERIMENT)
    with pytest.raises(ClusterAway):
        evaluate(replace(request, cluster=ClusterSettings("auto")), now_seconds=lambda: 0.0)
    assert run_statuses(mlflow_server, EXPERIMENT) == before
    assert not request.out.exists()
