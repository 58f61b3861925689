"""The stack's edges that need no champion: what ``down`` ends, and a file that is damaged."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import BadParams, LedgerAway, ProctorError, StackFileDamaged, StorageFull
from proctor.__main__ import app
from proctor.processes import Process, free_port
from proctor.settings import STACK_FILE, Settings, read_settings
from proctor.stack import ANSWERER, GATEWAY, MLFLOW, Stack
from tests.proctor.starting import SLEEPER, Starter, busy

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"PROCTOR_HOME": str(tmp_path), "PROCTOR_ACTOR": "ada@desk"})


@pytest.fixture
def running(settings: Settings) -> Iterator[list[Process]]:
    """Three processes that the stack's file names as its services."""
    starter = Starter(settings.home)
    started = [starter(SLEEPER, service=service) for service in (MLFLOW, ANSWERER, GATEWAY)]
    rows = [process.model_dump(mode="json") for process in started]
    (settings.home / STACK_FILE).write_text(json.dumps(rows))
    yield started
    starter.end_all()


@contextmanager
def _garbage(settings: Settings) -> Iterator[Settings]:
    (settings.home / "ledger.db").write_bytes(b"this is no database" * 100)
    yield settings


@contextmanager
def _unknown_kind(settings: Settings) -> Iterator[Settings]:
    environment = {"PROCTOR_HOME": str(settings.home), "PROCTOR_LEDGER_URL": "mysql://host/name"}
    yield read_settings(environment)


@contextmanager
def _full_disk(settings: Settings) -> Iterator[Settings]:
    """No file may grow beyond a byte: the system refuses to write, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        yield settings
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize(
    ("damage", "error"),
    [(_garbage, LedgerAway), (_unknown_kind, BadParams), (_full_disk, StorageFull)],
)
def test_down_ends_everything_and_then_tells_what_it_could_not_write(
    settings: Settings,
    running: list[Process],
    damage: Callable[[Settings], AbstractContextManager[Settings]],
    error: type[ProctorError],
) -> None:
    said: list[str] = []
    with damage(settings) as damaged, pytest.raises(error):
        Stack(damaged, said.append).down()
    assert [line.split()[:2] for line in said] == [
        [service, "ended"] for service in (GATEWAY, ANSWERER, MLFLOW)
    ]
    for process in running:
        assert not process.is_alive()
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_up_leaves_a_service_that_is_only_busy(settings: Settings) -> None:
    """It refuses two probes and answers the third: it must not be ended for that."""
    starter, said = Starter(settings.home), list[str]()
    try:
        running = {GATEWAY: busy(starter, 2, GATEWAY)}
        before = dict(running)
        Stack(settings, said.append)._up_gateway(running, free_port())
        assert running == before
        assert running[GATEWAY].is_alive()
        assert [line.split()[1] for line in said] == ["busy", "running"]
    finally:
        starter.end_all()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"{}",
        b"[7]",
        b'[{"service": "mlflow"}]',
        b'[{"pid": 1, "began": 1.0, "url": "http://127.0.0.1:9"}]',
    ],
    ids=["empty", "no JSON", "no UTF-8", "an object", "a number", "a few keys", "no service"],
)
@pytest.mark.parametrize("command", ["up", "status", "down"])
def test_a_damaged_file_of_what_runs_is_told_by_name(
    tmp_path: Path, command: str, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCTOR_HOME", str(tmp_path))
    file = tmp_path / STACK_FILE
    file.write_bytes(text)
    words = ["--params", str(ROOT / "params.yaml")] if command == "up" else []
    done = CliRunner().invoke(app, [command, *words])
    assert isinstance(done.exception, StackFileDamaged), done.exception
    assert str(file) in done.exception.fact
    assert "remove" in done.exception.mend
    assert file.read_bytes() == text, "what may be mended by hand is left"
