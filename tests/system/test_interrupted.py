"""SIGTERM and SIGKILL in the middle of ``proctor up`` and of the demonstration."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from registry.ledger import Ledger
from tests.leftovers import Watched, at_work_in
from tests.waiting import free_port, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = ("MLFLOW_TRACKING_URI", "PROCTOR_LEDGER_URL", "PROCTOR_HOME", "BENTOML_HOME")
# Far more steps than there is time for: a training that is not ended would be seen.
TINY = (
    *("--questions", "1000", "--short-steps", "100000", "--long-steps", "100001"),
    *("--minimum-accuracy", "0"),
)

Start = Callable[..., Watched]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command of this checkout; what a test has left of it is ended."""
    started: list[Watched] = []

    def begin(*argv: str, **environment: str) -> Watched:
        kept = {key: value for key, value in os.environ.items() if key not in ELSEWHERE}
        ours = {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        watched = Watched(argv, ROOT, {**kept, **ours, **environment})
        started.append(watched)
        return watched

    yield begin
    for watched in started:
        watched.end()
    for line in at_work_in(tmp_path):
        psutil.Process(int(line.partition(":")[0])).kill()


def stack_of(home: Path) -> dict[str, int]:
    """Process ids by service, as the stack's file has them."""
    file = home / "stack.json"
    rows = json.loads(file.read_text()) if file.is_file() else []
    return {row["service"]: row["pid"] for row in rows}


# ------------------------------------------------------------ proctor up


def up(start: Start, home: Path) -> Watched:
    ports = ("--mlflow-port", str(free_port()), "--gateway-port", str(free_port()))
    return start(sys.executable, "-m", "proctor", "up", *ports, PROCTOR_HOME=str(home))


def check_ended(watched: Watched, home: Path, service: str) -> None:
    assert watched.rest() == 130, watched.output
    assert watched.output.splitlines()[-1] == "interrupted"
    assert f"{service:9} ended" in watched.output
    assert "Traceback" not in watched.output
    assert stack_of(home) == {}
    assert at_work_in(home) == []
    assert Ledger(f"sqlite:///{home}/ledger.db").state().slots == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_up_interrupted_while_it_waits_ends_what_it_started(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    watched = up(start, tmp_path / "home")
    wait_until(lambda: "mlflow" in stack_of(tmp_path / "home"), 60, "MLflow is starting")
    watched.signal(number)
    check_ended(watched, tmp_path / "home", "mlflow")
    assert "ready" not in watched.output


def test_an_up_interrupted_between_services_ends_those_before(start: Start, tmp_path: Path) -> None:
    watched = up(start, tmp_path / "home")
    watched.wait_for("mlflow    ready")
    watched.signal(signal.SIGTERM)
    check_ended(watched, tmp_path / "home", "mlflow")
    assert "gateway   ready" not in watched.output


# ------------------------------------------------------------ proctor demo, make demo


def demo_words(work: Path) -> tuple[str, ...]:
    return ("--work", str(work), *TINY)


def statuses_of_runs(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "mlflow/mlflow.db")) as store:
        return [status for (status,) in store.execute("SELECT status FROM runs")]


def test_a_demonstration_that_is_killed_or_told_to_end_leaves_nothing(
    start: Start, tmp_path: Path
) -> None:
    """Three in one folder: killed outright, told to end while it trains, and by make."""
    work = tmp_path / "work"
    home = work / ".proctor"

    killed = start(sys.executable, "-m", "proctor", "demo", *demo_words(work))
    killed.wait_for("gateway   ready")
    left = stack_of(home)
    assert set(left) == {"mlflow", "gateway"}
    killed.signal(signal.SIGKILL)
    assert killed.process.wait(timeout=30) == -signal.SIGKILL
    assert all(psutil.pid_exists(pid) for pid in left.values()), "its stack goes on alone"

    told = start(sys.executable, "-m", "proctor", "demo", *demo_words(work))
    told.wait_for("A first version")
    assert not any(psutil.pid_exists(pid) for pid in left.values()), "the old stack is ended first"
    assert "gateway   ended" in told.output
    told.wait_for("Running stage 'train'")
    wait_until(lambda: statuses_of_runs(home) == ["RUNNING"], 120, "it trains")
    assert at_work_in(work) != []
    told.signal(signal.SIGTERM)
    assert told.rest() == 130, told.output
    assert told.output.splitlines()[-1] == "interrupted"
    for words in ("$ proctor down", "mlflow    ended", "gateway   ended"):
        assert words in told.output.rpartition("Running stage 'train'")[2]
    assert stack_of(home) == {}
    assert at_work_in(work) == []
    assert statuses_of_runs(home) == ["KILLED"]

    made = start("make", "demo", f"DEMO={' '.join(demo_words(work))}")
    made.wait_for("$ proctor up")
    made.signal(signal.SIGTERM)
    assert made.rest() != 0
    assert "interrupted" in made.output
    assert stack_of(home) == {}
    assert at_work_in(work) == []
