"""``proctor traffic``, on a real ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.errors import ProctorError
from contracts.traffic import TrafficSplit
from proctor.commands import registry
from proctor.commands.traffic import app
from registry.events import SlotAssigned
from registry.ledger import Ledger
from tests.proctor.test_plan import add, runs


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A home of its own, with a version in each slot; MLflow is nowhere."""
    monkeypatch.setenv("PROCTOR_HOME", str(tmp_path))
    monkeypatch.setenv("PROCTOR_ACTOR", "ada@desk")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.delenv("PROCTOR_LEDGER_URL", raising=False)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    add(ledger, SlotAssigned(slot="stable", runs=runs("1")))
    add(ledger, SlotAssigned(slot="canary", runs=runs("2")))
    return ledger


def run(*words: str) -> tuple[int, str]:
    """Exit code and what was printed or told."""
    done = CliRunner().invoke(app, list(words))
    if isinstance(done.exception, ProctorError):
        return done.exception.exit_code, f"{done.exception.fact} {done.exception.mend}"
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def as_json(*words: str) -> Any:
    code, out = run(*words, "--json")
    assert code == 0, out
    return json.loads(out)


def test_it_shows_who_answers_whom(ledger: Ledger) -> None:
    code, out = run("show")
    assert code == 0
    rows = {line.split()[1]: line for line in out.splitlines() if "coding-mcqa/" in line}
    assert "100.00%" in rows["stable"]
    assert "0.00%" in rows["canary"]
    shown = as_json("show")
    assert shown["slots"]["canary"]["version"] == "2"
    assert shown["split"] == TrafficSplit().model_dump()


def test_what_is_not_named_stays(ledger: Ledger) -> None:
    assert run("set", "--canary", "0.05", "--why", "first step")[0] == 0
    assert ledger.state().split == TrafficSplit(canary_ratio=0.05, salt="coding-mcqa:2")
    assert as_json("set", "--shadow", "canary")["before"]["canary_ratio"] == 0.05
    assert run("set", "--canary", "0.5")[0] == 0
    split = ledger.state().split
    assert split == TrafficSplit(canary_ratio=0.5, salt="coding-mcqa:2", shadow="canary")
    assert run("set", "--shadow", "none", "--salt", "again")[0] == 0
    assert ledger.state().split == TrafficSplit(canary_ratio=0.5, salt="again")
    event = ledger.events()[2]
    assert (event.who, event.why, event.data["rollout"]) == ("ada@desk", "first step", None)


def test_a_move_stands_in_the_history(ledger: Ledger) -> None:
    run("set", "--canary", "0.05", "--shadow", "canary", "--why", "first step")
    done = CliRunner().invoke(registry.app, ["history", "coding-mcqa"])
    (line,) = [line for line in done.stdout.splitlines() if "traffic_moved" in line]
    for told in ("canary_ratio=0.05", "shadow=canary", "ada@desk", "first step"):
        assert told in line


def test_the_same_again_moves_nothing(ledger: Ledger) -> None:
    run("set", "--canary", "0.1")
    before = ledger.events()
    code, out = run("set", "--canary", "0.1")
    assert (code, ledger.events()) == (0, before)
    assert "already" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--canary", "1.5"), "canary_ratio"),
        (("--canary", "-0.1"), "canary_ratio"),
        (("--canary", "nan"), "canary_ratio"),
        (("--shadow", "both"), "shadow"),
        (("--salt", "a b"), "salt"),
        ((), "nothing is to be set"),
        (("--canary", "0.1", "--why", " "), "the reason is blank"),
    ],
)
def test_what_is_no_split_is_bad_input(ledger: Ledger, words: tuple[str, ...], told: str) -> None:
    before = ledger.events()
    code, out = run("set", *words)
    assert code == 2
    assert told in out
    assert ledger.events() == before


def test_callers_are_not_sent_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCTOR_HOME", str(tmp_path))
    monkeypatch.delenv("PROCTOR_LEDGER_URL", raising=False)
    code, told = run("set", "--canary", "0.1")
    assert code == 1
    assert "slot canary cannot take callers" in told
    assert as_json("show") == {"slots": {}, "split": TrafficSplit().model_dump()}


def test_a_ledger_that_is_away_ends_with_3(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database " * 1_000)
    for words in (("show",), ("set", "--canary", "0.1")):
        assert run(*words)[0] == 3
