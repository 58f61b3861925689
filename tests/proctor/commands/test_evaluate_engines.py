from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from contracts.errors import BadInput
from evaluation.results import read_evaluation, read_records_of
from proctor.__main__ import app
from tests.proctor.commands.test_evaluate import prepare, start


@pytest.mark.parametrize("flags", [("--ray-address", "auto"), ("--ray-workers", "2")])
def test_flags_of_ray_without_ray_are_refused(tmp_path: Path, flags: tuple[str, str]) -> None:
    """Before anything is read: the folder is empty."""
    done = subprocess.run(
        [sys.executable, "-m", "proctor", "evaluate", *flags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Add --engine ray." in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_a_gpu_is_not_asked_of_a_cluster_s_workers(tmp_path: Path, device: str) -> None:
    words = ["evaluate", "--engine", "ray", "--params", str(tmp_path / "params.yaml")]
    prepare(tmp_path, None, "gpus", questions=3, batch_tokens=2_048)
    suites = ["--suites", str(tmp_path / "evaluation" / "suites.yaml")]
    error = CliRunner().invoke(app, [*words, *suites, "--device", device]).exception
    assert isinstance(error, BadInput)
    assert f"the device is {device}" in error.fact
    assert "--device cpu" in error.mend
    named = yaml.safe_load((tmp_path / "params.yaml").read_text())
    named["evaluate"]["device"] = device
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(named))
    assert str(CliRunner().invoke(app, [*words, *suites]).exception) == str(error)


@pytest.mark.integration
def test_both_engines_come_to_the_same_result(mlflow_server: str, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    prepare(tmp_path, mlflow_server, "engines", questions=40, batch_tokens=1_024)
    results = []
    for flags in (("--engine", "ray", "--ray-workers", "1"), ("--engine", "local", "--fresh")):
        home = str(tmp_path / "home")
        child = start(tmp_path, mlflow_server, *flags, PROCTOR_HOME=home)
        _, told = child.communicate(timeout=200)
        assert child.returncode == 0, told
        result = read_evaluation(tmp_path / "out" / "evaluation.json")
        results.append((result, read_records_of(result, tmp_path / "out" / "records.jsonl")))
    (ray, over), (local, alone) = results
    assert (ray.questions, ray.correct, ray.unscored, ray.accuracy, ray.by_family) == (
        local.questions,
        local.correct,
        local.unscored,
        local.accuracy,
        local.by_family,
    )
    assert ray.run_id != local.run_id
    assert [one.letter for one in over] == [one.letter for one in alone]
    for one, other in zip(over, alone, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
