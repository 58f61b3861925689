from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from evaluation.results import write_shape
from tests.checkpoints import make_tiny_checkpoint
from tests.evaluation.making import (
    make_questions,
    make_training,
    write_logged_model,
    write_questions,
)
from tests.waiting import free_port, wait_until

ROOT = Path(__file__).parents[3]
# MMLU's files, when they lie beside the repository; they are no part of it.
MMLU = ROOT.parent / "shared" / "data" / "mmlu_cs"


def prepare(
    folder: Path, uri: str | None, experiment: str, questions: int, batch_tokens: int
) -> None:
    """Everything that ``proctor evaluate`` reads by default, in ``folder``; a model in the
    MLflow at ``uri``, if any."""
    digest = make_tiny_checkpoint(folder / "out" / "checkpoint")
    training = (
        write_logged_model(uri, experiment, digest) if uri else make_training(digest, "models:/m-1")
    )
    write_shape(folder / "out" / "training.json", training)
    write_questions(folder / "data" / "questions" / "test.jsonl", make_questions(questions))
    (folder / "evaluation").mkdir()
    shutil.copy(ROOT / "evaluation" / "suites.yaml", folder / "evaluation")
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["experiment"] = experiment
    params["evaluate"].update(max_questions=questions, batch_tokens=batch_tokens)
    (folder / "params.yaml").write_text(yaml.safe_dump(params))


def start(folder: Path, uri: str, *flags: str, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri, "PYTHONPATH": str(ROOT), **more}
    return subprocess.Popen(
        [sys.executable, "-m", "proctor", "evaluate", *flags],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_mlflow_away_ends_with_3_and_says_how_to_mend_it(tmp_path: Path) -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    prepare(tmp_path, None, "away", questions=3, batch_tokens=2_048)
    before = sorted(path.name for path in (tmp_path / "out").iterdir())
    process = start(tmp_path, uri)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert f"MLflow at {uri} does not answer" in said
    assert "proctor up" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == before


def test_other_questions_than_the_pin_end_with_1_before_anything_is_done(tmp_path: Path) -> None:
    prepare(tmp_path, None, "pinned", questions=3, batch_tokens=2_048)
    suites = tmp_path / "evaluation" / "suites.yaml"
    pinned = f"digest: sha256:{'0' * 64}"
    text = suites.read_text().replace("version: 1\n", f"version: 1\n    {pinned}\n", 1)
    suites.write_text(text)
    process = start(tmp_path, f"http://127.0.0.1:{free_port()}")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "suite bank-test@1 (3 questions of data/questions/test.jsonl): the digest is" in said
    assert "but sha256:000000000000… was recorded" in said
    assert "declare version 2" in said


def test_a_suite_that_is_not_declared_ends_with_2_and_names_the_others(tmp_path: Path) -> None:
    prepare(tmp_path, None, "unknown", questions=3, batch_tokens=2_048)
    params = yaml.safe_load((tmp_path / "params.yaml").read_text())
    params["evaluate"]["suite"] = "bank-test@7"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    process = start(tmp_path, f"http://127.0.0.1:{free_port()}")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "declares no suite bank-test@7" in said
    assert "bank-test@1, mmlu-cs@1" in said


@pytest.mark.integration
def test_it_evaluates_where_it_stands(mlflow_server: str, tmp_path: Path) -> None:
    prepare(tmp_path, mlflow_server, "commanded", questions=60, batch_tokens=512)
    process = start(tmp_path, mlflow_server, "--json")
    printed, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    result = json.loads(printed)
    assert result == json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert result["questions"] == 60
    assert result["suite"] == "bank-test@1"
    assert "evaluating: 60/60 questions" in said
    assert result["run_id"] in said


@pytest.mark.integration
@pytest.mark.skipif(not MMLU.is_dir(), reason="MMLU's files do not lie beside the repository")
def test_it_evaluates_on_a_pinned_suite_of_several_files(
    mlflow_server: str, tmp_path: Path
) -> None:
    prepare(tmp_path, mlflow_server, "mmlu", questions=40, batch_tokens=2_048)
    params = yaml.safe_load((tmp_path / "params.yaml").read_text())
    params["evaluate"]["suite"] = "mmlu-cs@1"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    process = start(tmp_path, mlflow_server, "--json", PROCTOR_MMLU=str(MMLU))
    printed, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    result = json.loads(printed)
    assert (result["suite"], result["questions"]) == ("mmlu-cs@1", 40)
    assert "college_computer_science" in result["by_family"]


@pytest.mark.integration
def test_a_killed_evaluation_marks_its_run_and_leaves_the_old_results(
    mlflow_server: str, tmp_path: Path
) -> None:
    """Thousands of questions, one a pass, so that it is still at work when the signal comes."""
    prepare(tmp_path, mlflow_server, "killed", questions=20_000, batch_tokens=64)
    (tmp_path / "out" / "evaluation.json").write_text("the old one")
    process = start(tmp_path, mlflow_server)
    client = MlflowClient(mlflow_server)
    experiment = client.get_experiment_by_name("killed")
    assert experiment is not None

    def begun() -> bool:
        assert process.poll() is None, process.communicate()[1]
        return status() == "RUNNING"

    def status() -> str | None:
        runs = client.search_runs([experiment.experiment_id], "tags.stage = 'evaluation'")
        return str(runs[0].info.status) if runs else None

    try:
        wait_until(begun, 90, "the evaluation has begun")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert status() == "KILLED"
    assert (tmp_path / "out" / "evaluation.json").read_text() == "the old one"
    assert not (tmp_path / "out" / "records.jsonl").exists()
