"""``proctor registry``, on a real ledger and a real MLflow, through its command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from contracts.errors import ProctorError
from contracts.files import write_atomically
from contracts.verdicts import ChampionPin, Verdict
from evaluation.gate import judge
from evaluation.results import read_pin, records_text, write_shape
from evaluation.suite import read_suite
from proctor.commands.registry import app
from proctor.params import load_params
from registry.ledger import Ledger
from registry.mlflow_versions import MlflowVersions
from registry.registry import PROMOTE_STEPS, REGISTER_STEPS
from tests.checkpoints import make_tiny_checkpoint
from tests.evaluation.making import (
    make_evaluation,
    make_questions,
    make_record,
    make_records,
    make_spec,
    make_training,
    write_questions,
)
from tests.registry.logging_models import in_mlflow
from tests.registry.making import Evidence
from tests.waiting import free_port

Run = Callable[..., "Done"]
ROOT = Path(__file__).parents[2]


class Done:
    """A command that ended: exit code as the edge gives it, and what was printed."""

    def __init__(self, code: int, out: str, told: str) -> None:
        self.code, self.out, self.told = code, out, told

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
def evidence(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> list[Evidence]:
    home = tmp_path_factory.mktemp("logged")
    return [in_mlflow(mlflow_server, home, seed) for seed in range(2)]


@pytest.fixture
def model() -> str:
    return f"mcqa-{uuid4().hex[:12]}"


@pytest.fixture
def place(tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, with the parameters' model renamed, and nothing listening."""
    text = (ROOT / "params.yaml").read_text()
    lines = [f"model: {model}" if x.startswith("model:") else x for x in text.splitlines()]
    (tmp_path / "params.yaml").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROCTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PROCTOR_ACTOR", "ada@desk")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("PROCTOR_LEDGER_URL", raising=False)
    return tmp_path


@pytest.fixture
def online(place: Path, mlflow_server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    return place


def run(*words: str) -> Done:
    """One command, in this process."""
    done = CliRunner().invoke(app, list(words))
    error = done.exception
    if isinstance(error, ProctorError):
        return Done(error.exit_code, done.stdout, f"{error.fact} {error.mend}")
    if error is not None and not isinstance(error, SystemExit):
        raise error
    return Done(done.exit_code, done.stdout, done.stderr)


def killed_at(step: str, *words: str) -> int:
    """The exit code of the real command with ``step`` armed."""
    return subprocess.run(
        [sys.executable, "-m", "proctor", "registry", *words],
        env={**os.environ, "PROCTOR_FAILPOINT": step, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        timeout=120,
    ).returncode


def lay_out(
    folder: Path, evidence: Evidence, model: str, champion: Any = None, decision: Any = "pass"
) -> list[str]:
    """What the stages leave behind, in ``folder``; the words that register it."""
    verdict = evidence.verdict(model, decision=decision)
    if champion is not None:
        verdict = verdict.model_copy(
            update={"champion": champion["registered"]["version"]},
        )
    write_shape(folder / "out" / "training.json", evidence.training)
    write_shape(folder / "out" / "evaluation.json", evidence.evaluation)
    write_shape(folder / "out" / "verdict.json", verdict)
    return ["register", "--model", str(evidence.folder), "--json"]


# ------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["promote", "nonsense"], 2, "not a model reference"),
        (["promote", "coding-mcqa/1"], 2, "no registered model"),
        (["promote", "coding-mcqa/1", "--why", " "], 2, "reason"),
        (["show", "coding-mcqa@champion"], 2, "no registered model"),
        (["show", "coding-mcqa/1", "--at", "yesterday"], 2, "no time"),
        (["show", "coding-mcqa/1", "--at", "0001-01-01T00:00:00+14:00"], 2, "no time"),
        (["lineage", "coding-mcqa/1"], 2, "no registered model"),
        (["history", "coding-mcqa"], 2, "no registered model"),
        (["register"], 2, "training.json"),
        (["verify"], 3, "does not answer"),
        (["pin", "--suite", "nowhere"], 2, "suites.yaml: there is no such file"),
        (["pin", "--max-questions", "0"], 2, "--max-questions"),
        (["pin", "--precision", "fp8"], 2, "fp8"),
        (["pin", "--device", "tpu"], 2, "tpu"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    place: Path, words: list[str], code: int, told: str
) -> None:
    done = run(*words)
    assert (done.code, done.out) == (code, "")
    assert told in done.told
    assert Ledger(f"sqlite:///{place}/home/ledger.db").events() == []


@pytest.mark.parametrize("step", ["zzz", "Promote:decided", " "])
def test_a_failpoint_that_there_is_not_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setenv("PROCTOR_FAILPOINT", step)
    done = run("list")
    assert (done.code, done.out) == (2, "")
    assert f"PROCTOR_FAILPOINT: there is no step {step!r}, only register:checked" in done.told
    for each in ("", *REGISTER_STEPS, *PROMOTE_STEPS):
        monkeypatch.setenv("PROCTOR_FAILPOINT", each)
        assert run("list").code == 0


def test_an_empty_registry_lists_nothing(place: Path) -> None:
    nobody = {"canary_ratio": 0.0, "salt": "", "shadow": None}
    assert run("list", "--json").json == {"seq": 0, "models": {}, "slots": {}, "split": nobody}
    assert run("list").code == 0


def test_nothing_to_repair(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away = run("repair")
    assert (away.code, away.out) == (3, ""), "whether aliases were moved, only MLflow knows"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/mlflow.db")
    done = run("repair")
    assert (done.code, done.out) == (0, "nothing to repair\n")


def test_a_pin_without_a_champion_needs_no_mlflow(place: Path, model: str) -> None:
    pin = place / "pipelines" / "champion.json"
    assert "no champion" in run("pin").out
    first = pin.stat().st_mtime_ns
    assert json.loads(pin.read_text())["model"] == model
    run("pin")
    assert pin.stat().st_mtime_ns == first, "the same pin is not written again"
    pin.write_bytes(b"\xff\xfe")
    run("pin")
    assert json.loads(pin.read_text())["version"] is None


def test_a_ledger_of_a_kind_that_nobody_knows(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCTOR_LEDGER_URL", "mysql://me:secret@host/name")
    done = run("list")
    assert done.code == 2
    assert "secret" not in done.told


def test_an_edited_verdict_is_refused_before_anything_is_asked(place: Path, model: str) -> None:
    records, pin = make_records([False] * 600), ChampionPin(model=model)
    evaluation = make_evaluation(records)
    verdict = judge(evaluation, records, pin, load_params(place / "params.yaml").gate)
    out = place / "out"
    write_shape(out / "training.json", make_training(evaluation.digest))
    write_shape(out / "evaluation.json", evaluation)
    write_shape(out / "verdict.json", verdict.model_copy(update={"decision": "pass"}))
    write_atomically(out / "records.jsonl", records_text(records))
    write_shape(place / "pipelines" / "champion.json", pin)
    done = run("register")
    assert (done.code, done.out) == (1, "")
    assert "the gate says reject" in done.told


@pytest.mark.integration
@pytest.mark.parametrize(("decision", "code"), [("reject", 1), ("could-not-judge", 4)])
def test_what_did_not_pass_is_not_registered(
    online: Path, evidence: list[Evidence], model: str, decision: str, code: int
) -> None:
    done = run(*lay_out(online, evidence[0], model, decision=decision))
    assert (done.code, done.out) == (code, "")
    assert f"the gate says {decision}" in done.told
    assert run("list", "--json").json["models"] == {}


@pytest.mark.integration
def test_an_altered_checkpoint_is_not_registered(
    online: Path, evidence: list[Evidence], model: str
) -> None:
    lay_out(online, evidence[0], model)
    done = run("register", "--model", str(evidence[1].folder))
    assert done.code == 1
    assert "the checkpoint folder" in done.told
    assert MlflowVersions(os.environ["MLFLOW_TRACKING_URI"]).tags(model) == {}


# ------------------------------------------------------------ the way of a version


@pytest.mark.integration
def test_from_register_to_champion(
    online: Path, evidence: list[Evidence], model: str, mlflow_server: str
) -> None:
    made = run(*lay_out(online, evidence[0], model)).json
    assert made["registered"]["version"] == "1"
    assert run("promote", f"{model}@challenger", "--why", "the [/first] [red]one").code == 0
    assert "already" in run("promote", f"{model}/1").out
    assert "champion 1" in run("pin").out
    pin = json.loads((online / "pipelines" / "champion.json").read_text())
    assert (pin["version"], pin["correct"]) == ("1", {"q0": True, "q1": False})

    before = run("history", model, "--json").json[-1]["at"]
    again = run(*lay_out(online, evidence[1], model, champion=made)).json
    assert again["registered"]["version"] == "2"
    done = run("promote", f"{model}/2", "--why", "better")
    assert done.out == f"{model}/2 is champion, after version 1\n"
    assert MlflowVersions(mlflow_server).aliases(model) == {"champion": "2"}

    assert run("show", f"{model}@champion", "--json").json["registered"]["version"] == "2"
    then = run("show", f"{model}@champion", "--at", before, "--json").json
    assert then["registered"]["version"] == "1"
    made = then["aliases"]["champion"]
    assert (made["who"], made["why"]) == ("ada@desk", "the [/first] [red]one")
    assert run("show", f"{model}/2", "--at", before).code == 2
    early = run("show", f"{model}@champion", "--at", "2020-01-01")
    assert early.code == 2
    assert "at 2020-01-01T00:00:00" in early.told
    lineage = run("lineage", f"{model}/2", "--json").json
    assert lineage["digest"] == evidence[1].digest
    assert lineage["judged against"] == "1"
    told = run("history", model).out
    for words in ("ada@desk", "the [/first] [red]one", "alias_moved"):
        assert words in told
    for words in (["list"], ["show", f"{model}/1"], ["lineage", f"{model}/1"]):
        assert evidence[0].digest[:19] in run(*words).out

    lost = run("promote", f"{model}/1", "--why", "back")
    assert lost.code == 1, "its verdict was given against nobody"
    assert "nothing was moved" in lost.told


@pytest.mark.integration
def test_the_command_that_a_verdict_names_has_the_champion_asked_alike(
    online: Path, model: str, mlflow_server: str
) -> None:
    """Evaluated on seven questions of another suite than params.yaml names: the gate says how
    to pin again, and by that pin it can judge."""

    def tiny(folder: Path, _seed: int) -> object:
        return make_tiny_checkpoint(folder)

    run(*lay_out(online, in_mlflow(mlflow_server, online / "logged", make=tiny), model))
    assert run("promote", f"{model}/1").code == 0
    assert run("pin").code == 0
    questions = write_questions(online / "quiz.jsonl", make_questions(9))
    spec = make_spec(questions, name="quiz")
    declared = {"name": "quiz", "version": 1, "description": "a quiz", "sources": []}
    declared["sources"] = [{"path": str(questions)}]
    write_atomically(online / "evaluation/suites.yaml", json.dumps({"suites": [declared]}))
    suite = read_suite(spec, 7)
    records = [make_record(question.id, True) for question in suite.questions]
    evaluation = make_evaluation(records, suite_digest=suite.digest).model_copy(
        update={"suite": suite.name, "precision": "fp32"}
    )
    params = load_params(online / "params.yaml").gate.model_copy(update={"minimum_questions": 7})

    def judged() -> Verdict:
        pin = read_pin(online / "pipelines/champion.json", model)
        return judge(evaluation, records, pin, params)

    before = judged()
    assert before.rule == "suite-differs"
    command = before.reason.split("`")[1]
    assert command.startswith("proctor registry pin --suite quiz@1 --max-questions 7 ")
    assert run(*command.split()[2:]).code == 0
    assert judged().rule not in {"suite-differs", "too-few-common-questions"}


@pytest.mark.integration
def test_a_tampered_alias_is_reported_and_restored(
    online: Path, evidence: list[Evidence], model: str, mlflow_server: str
) -> None:
    run(*lay_out(online, evidence[0], model))
    run("promote", f"{model}/1")
    store = MlflowVersions(mlflow_server)
    store.set_alias(model, "champion", None)
    done = run("verify", "--json")
    assert done.code == 1
    assert [x["kind"] for x in done.json if x["model"] == model] == ["tampered"]
    assert f"{model}@champion is at nothing" in run("verify").out
    refused = run("promote", f"{model}/1")
    assert refused.code == 1
    assert "behind the ledger's back" in refused.told
    left = run("repair")
    assert left.code == 1
    assert "nothing to repair" not in left.out
    assert (
        f"left alone: {model}@champion is at nothing in MLflow, the ledger says version 1;"
        " `proctor registry repair --restore` sets it back\n"
    ) in left.out
    assert "--restore" in left.told
    assert f"{model}@champion" in run("repair", "--restore").out
    assert store.aliases(model) == {"champion": "1"}
    assert [x for x in run("verify", "--json").json if x["model"] == model] == []


@pytest.mark.integration
def test_killed_commands_lose_nothing(
    online: Path, evidence: list[Evidence], model: str, mlflow_server: str
) -> None:
    words = lay_out(online, evidence[0], model)
    assert killed_at("register:version-made", *words) == -signal.SIGKILL
    assert run(*words).json["registered"]["version"] == "1"
    assert killed_at("promote:decided", "promote", f"{model}/1") == -signal.SIGKILL
    store = MlflowVersions(mlflow_server)
    assert store.aliases(model) == {"challenger": "1"}
    assert run("verify").code == 1
    assert "now shows version 1" in run("repair").out
    assert store.aliases(model) == {"champion": "1"}
    assert len(store.tags(model)) == 1
    assert [x for x in run("verify", "--json").json if x["model"] == model] == []
