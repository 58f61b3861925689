"""The whole loop, run once for all of these tests, and its working copy to try things in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import free_port

ROOT = Path(__file__).resolve().parents[2]
# Enough that the longer training is surely better, and no more.
SIZES = [
    *("--questions", "5400", "--short-steps", "30", "--long-steps", "700"),
    *("--minimum-accuracy", "0.05"),
]
ELSEWHERE = (
    *("MLFLOW_TRACKING_URI", "PROCTOR_LEDGER_URL", "PROCTOR_HOME", "BENTOML_HOME"),
    *("PROCTOR_KEYS_FILE", "PROCTOR_API_KEY"),
)


@dataclass(frozen=True)
class Work:
    """A working copy in which the demonstration has run; commands run as a person's would."""

    folder: Path
    output: str
    mlflow_port: int
    gateway_port: int

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key not in ELSEWHERE}
        scripts = str(Path(sys.executable).parent)
        path = f"{scripts}{os.pathsep}{kept.get('PATH', '')}"
        return {**kept, "PATH": path, "PYTHONPATH": str(self.folder), "NO_COLOR": "1"}

    @property
    def authorization(self) -> dict[str, str]:
        """The header with the local stack's key."""
        key = (self.folder / ".proctor/local.key").read_text().strip()
        return {"Authorization": f"Bearer {key}"}

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``proctor``/``dvc`` and their words, in the working copy."""
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        ports = ("--mlflow-port", str(self.mlflow_port), "--gateway-port", str(self.gateway_port))
        return self.run("proctor", "up", *ports)

    def json(self, *words: str) -> Any:
        done = self.run("proctor", *words, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Work:
    folder = tmp_path_factory.mktemp("demo") / "work"
    work = Work(folder, "", free_port(), free_port())
    done = subprocess.run(
        [sys.executable, "-m", "proctor", "demo", "--work", str(folder), *SIZES],
        cwd=ROOT,
        env={**work.environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return Work(folder, done.stdout, work.mlflow_port, work.gateway_port)


@pytest.fixture
def stack(demo: Work) -> Iterator[Work]:
    """The stack of the working copy, up; ended afterwards whatever happened."""
    done = demo.up()
    try:
        assert done.returncode == 0, done.stderr
        yield demo
    finally:
        demo.run("proctor", "down")
