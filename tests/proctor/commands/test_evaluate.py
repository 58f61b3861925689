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
from typer.testing import CliRunner

from evaluation.results import write_shape
from proctor.__main__ import app
from proctor.commands.evaluate import _tell
from tests.checkpoints import make_tiny_checkpoint
from tests.evaluation.making import (
    make_evaluation,
    make_questions,
    make_records,
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
    environment.setdefault("PROCTOR_HOME", str(folder / "home"))
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
    process = start(tmp_path, f"http://127.0.0.1:{free_port()}", "--suite", "bank-test@7")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "declares no suite bank-test@7" in said
    assert "bank-test@1, mmlu-cs@1, mmlu-cs-5shot@1" in said


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (("--orders", "random"), "'cyclic', 'single'"),
        (("--precision", "fp64"), "'fp32', 'bf16'"),
        (("--device", "tpu"), "'cpu', 'cuda', 'auto'"),
        (("--protocol", "guessed"), "'scored', 'generate'"),
        (("--max-questions", "0"), "greater than or equal to 1"),
    ],
)
def test_an_unknown_value_is_bad_usage_and_the_known_ones_are_named(
    words: tuple[str, str], known: str
) -> None:
    found = CliRunner().invoke(app, ["evaluate", *words], env={"COLUMNS": "200"})
    assert found.exit_code == 2
    assert f"Invalid value for '{words[0]}'" in found.stderr
    assert known in found.stderr


@pytest.mark.integration
def test_options_take_the_place_of_params_yaml_and_the_run_tells_them(
    mlflow_server: str, tmp_path: Path
) -> None:
    prepare(tmp_path, mlflow_server, "optional", questions=30, batch_tokens=2_048)
    suites = tmp_path / "evaluation" / "suites.yaml"
    other = "  - {name: other, version: 3, description: x, sources: [{path: other.jsonl}]}\n"
    suites.write_text(suites.read_text() + other)
    write_questions(tmp_path / "other.jsonl", make_questions(20))
    words = ("--suite", "other", "--max-questions", "12", "--orders", "single")
    process = start(tmp_path, mlflow_server, *words, "--device", "cpu", "--json")
    printed, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    result = json.loads(printed)
    assert (result["suite"], result["questions"]) == ("other@3", 12)
    told = MlflowClient(mlflow_server).get_run(result["run_id"]).data.params
    assert told["evaluate.suite"] == "other"
    assert (told["evaluate.max_questions"], told["evaluate.orders"]) == ("12", "single")
    assert told["evaluate.batch_tokens"] == "2048"


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
    # As many again without their question.
    assert "evaluating: 120/120 questions" in said
    assert result["run_id"] in said
    assert result["temperature"] is None

    validation = write_questions(
        tmp_path / "data" / "questions" / "validation.jsonl", make_questions(80)[60:]
    )
    again = start(tmp_path, mlflow_server, "--json")
    printed, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert json.loads(printed)["temperature"]["questions"] == 20
    assert "evaluating: 60/140 questions, 0 s\n" in said, "what was scored is not scored again"
    assert "temperature " in said

    fresh = start(tmp_path, mlflow_server, "--fresh", "--validation", str(validation))
    _, said = fresh.communicate(timeout=120)
    assert fresh.returncode == 0, said
    assert "evaluating: 60/140 questions, 0 s\n" not in said


@pytest.mark.integration
@pytest.mark.skipif(not MMLU.is_dir(), reason="MMLU's files do not lie beside the repository")
def test_it_evaluates_on_a_pinned_suite_of_several_files(
    mlflow_server: str, tmp_path: Path
) -> None:
    prepare(tmp_path, mlflow_server, "mmlu", questions=40, batch_tokens=2_048)
    words = ("--suite", "mmlu-cs@1", "--json")
    process = start(tmp_path, mlflow_server, *words, PROCTOR_MMLU=str(MMLU))
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


def test_what_has_no_answer_is_told_by_the_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    scored = make_evaluation(make_records([True, True, False, None]))
    _tell(scored)
    assert "on 3 questions, 1 could not be scored; " in capsys.readouterr().err
    _tell(scored.model_copy(update={"protocol": "generate"}))
    said = capsys.readouterr().err
    assert "on 3 questions, 1 stated no letter or left no room for a reply; " in said
