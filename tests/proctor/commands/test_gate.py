from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.verdicts import ChampionPin, Verdict
from evaluation.results import records_text, write_shape
from tests.evaluation.making import make_evaluation, make_records

ROOT = Path(__file__).parents[3]


def outcomes_of(decision: str) -> list[bool | None]:
    """Outcomes that the rule without a champion decides so, under params.yaml's thresholds."""
    return {
        "pass": [True] * 600,
        "reject": [False] * 600,
        "could-not-judge": [True] * 3,
    }[decision]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with an evaluation, its records and a pin without a champion."""
    write_results(tmp_path, outcomes_of("pass"))
    write_shape(tmp_path / "champion.json", ChampionPin(model="coding-mcqa"))
    return tmp_path


def write_results(folder: Path, outcomes: list[bool | None]) -> None:
    records = make_records(outcomes)
    (folder / "records.jsonl").write_text(records_text(records))
    write_shape(folder / "evaluation.json", make_evaluation(records))


def gate(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    files = {
        "--evaluation": "evaluation.json",
        "--records": "records.jsonl",
        "--champion": "champion.json",
        "--out": "verdict.json",
    }
    argv = [sys.executable, "-m", "proctor", "gate"]
    for flag, name in files.items():
        argv += [flag, str(folder / name)]
    return subprocess.run([*argv, *flags], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("decision", "strict"), [("could-not-judge", 4), ("reject", 1), ("pass", 0)]
)
def test_the_verdict_is_written_and_the_exit_code_is_strict_only_when_asked(
    results: Path, decision: str, strict: int
) -> None:
    write_results(results, outcomes_of(decision))
    done = gate(results)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{decision} (")
    written = (results / "verdict.json").read_text()
    verdict = Verdict.model_validate_json(written)
    assert verdict.decision == decision
    assert verdict.reason in done.stdout

    done = gate(results, "--strict", "--json")
    assert done.returncode == strict
    assert (verdict.reason in done.stderr) == (strict != 0)
    assert json.loads(done.stdout) == json.loads(written)
    assert (results / "verdict.json").read_text() == written


@pytest.mark.parametrize("name", ["evaluation.json", "records.jsonl", "champion.json"])
def test_a_missing_or_corrupt_input_is_named_and_leaves_the_old_verdict(
    results: Path, name: str
) -> None:
    (results / "verdict.json").write_text("the old one")
    whole = (results / name).read_text()
    (results / name).write_text(whole[: len(whole) // 2])
    for change in ("cut off", "missing"):
        if change == "missing":
            (results / name).unlink()
        done = gate(results, "--strict")
        assert done.returncode == 2
        assert str(results / name) in done.stderr
        assert "Traceback" not in done.stderr
        assert (results / "verdict.json").read_text() == "the old one"


def test_the_pin_of_another_model_is_refused(results: Path) -> None:
    write_shape(results / "champion.json", ChampionPin(model="another"))
    done = gate(results)
    assert done.returncode == 2
    assert "champion of another" in done.stderr
    assert not (results / "verdict.json").exists()
