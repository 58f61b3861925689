"""DVC's promises on the real pipeline, and what goes wrong with the registry around it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.system.conftest import Work

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", output)


def with_params(work: Work, key: str, value: str) -> str:
    """Set one key of params.yaml; the text before."""
    path = work.folder / "params.yaml"
    before = path.read_text()
    after, changed = re.subn(rf"(?m)^(  {key}:) .*$", rf"\g<1> {value}", before)
    assert changed == 1
    path.write_text(after)
    return before


def test_nothing_changed_nothing_runs(demo: Work) -> None:
    done = demo.run("dvc", "repro")
    assert done.returncode == 0, done.stderr
    assert stages_run(done.stdout) == []


def test_a_changed_threshold_runs_the_gate_alone(demo: Work) -> None:
    before = with_params(demo, "margin", "0.03")
    try:
        done = demo.run("dvc", "repro")
        assert done.returncode == 0, done.stderr
        assert stages_run(done.stdout) == ["gate"]
    finally:
        (demo.folder / "params.yaml").write_text(before)
    assert stages_run(demo.run("dvc", "repro").stdout) == []


def test_a_reject_ends_the_pipeline_with_0_and_strict_with_1(demo: Work) -> None:
    before = with_params(demo, "minimum_accuracy", "0.9")
    try:
        done = demo.run("dvc", "repro")
        assert done.returncode == 0, done.stderr
        assert json.loads((demo.folder / "out/verdict.json").read_text())["decision"] == "reject"
        strict = demo.run("proctor", "gate", "--strict")
        assert strict.returncode == 1
        assert "did not pass the gate" in strict.stderr
    finally:
        (demo.folder / "params.yaml").write_text(before)
        demo.run("dvc", "repro")


def test_metrics_and_plots_are_declared(demo: Work) -> None:
    shown = demo.run("dvc", "metrics", "show", "--json")
    (file,) = json.loads(shown.stdout)[""]["data"].values()
    assert 0 < file["data"]["accuracy_ratio"] < 1
    done = demo.run("dvc", "plots", "show", "--json")
    assert done.returncode == 0, done.stderr
    assert "out/plots/training.csv" in done.stdout


def test_an_unknown_params_key_stops_every_stage(demo: Work) -> None:
    path = demo.folder / "params.yaml"
    before = path.read_text()
    path.write_text(before + "\nlerning_rate: 1\n")
    try:
        done = demo.run("proctor", "gate")
        assert done.returncode == 2
        assert "lerning_rate: unknown key" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        path.write_text(before)


def test_without_mlflow_registering_ends_with_3_in_seconds(demo: Work) -> None:
    done = demo.run("proctor", "registry", "register", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "proctor up" in done.stderr


def test_an_altered_checkpoint_is_refused(stack: Work, tmp_path: Path) -> None:
    altered = tmp_path / "checkpoint"
    shutil.copytree(stack.folder / "out/checkpoint", altered)
    weights = altered / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    events = len(stack.json("registry", "history", "coding-mcqa"))
    done = stack.run("proctor", "registry", "register", "--model", str(altered))
    assert done.returncode == 1
    assert "digest" in done.stderr
    assert len(stack.json("registry", "history", "coding-mcqa")) == events


def test_registering_the_same_again_changes_nothing(stack: Work) -> None:
    events = len(stack.json("registry", "history", "coding-mcqa"))
    done = stack.run("proctor", "registry", "register")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("coding-mcqa/2 ")
    assert len(stack.json("registry", "history", "coding-mcqa")) == events


def test_the_registry_verifies(stack: Work) -> None:
    assert stack.run("proctor", "registry", "verify").returncode == 0


def test_a_pin_names_the_champion_and_stays_byte_for_byte(stack: Work) -> None:
    pin = stack.folder / "pipelines/champion.json"
    before = pin.read_text()
    try:
        assert stack.run("proctor", "registry", "pin").returncode == 0
        first = pin.read_bytes()
        assert json.loads(first)["version"] == "2"
        stamp = pin.stat().st_mtime_ns
        assert stack.run("proctor", "registry", "pin").returncode == 0
        assert (pin.read_bytes(), pin.stat().st_mtime_ns) == (first, stamp)
    finally:
        pin.write_text(before)


def test_the_champion_can_be_pinned_on_a_changed_suite(stack: Work, tmp_path: Path) -> None:
    lines = (stack.folder / "data/questions/test.jsonl").read_text().splitlines(keepends=True)
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text("".join(lines[:40]))
    pins = [tmp_path / "registered.json", tmp_path / "fewer.json"]
    assert stack.run("proctor", "registry", "pin", "--out", str(pins[0])).returncode == 0
    words = ("--questions", str(fewer), "--out", str(pins[1]))
    done = stack.run("proctor", "registry", "pin", *words)
    assert done.returncode == 0, done.stderr
    registered, scored = (json.loads(pin.read_text()) for pin in pins)
    assert scored["digest"] == registered["digest"]
    assert scored["suite_digest"] != registered["suite_digest"]
    assert len(scored["correct"]) == 40
    assert scored["correct"].items() <= registered["correct"].items()


def test_the_champion_can_be_pinned_on_the_suite_as_it_is(stack: Work, tmp_path: Path) -> None:
    """The suite did not change: its own weights give the answers that it was registered with."""
    pins = [tmp_path / "registered.json", tmp_path / "scored.json"]
    assert stack.run("proctor", "registry", "pin", "--out", str(pins[0])).returncode == 0
    done = stack.run("proctor", "registry", "pin", "--on-suite", "--out", str(pins[1]))
    assert done.returncode == 0, done.stderr
    registered, scored = (json.loads(pin.read_text()) for pin in pins)
    # How the registered records were had is not in them.
    assert (registered.pop("protocol"), scored.pop("protocol")) == (None, "scored")
    assert scored == registered
    refused = stack.run("proctor", "registry", "pin", "--protocol", "generate", "--out", pins[1])
    assert refused.returncode == 2
    assert "it was trained from nothing" in refused.stderr
    assert json.loads(pins[1].read_text())["protocol"] == "scored"
