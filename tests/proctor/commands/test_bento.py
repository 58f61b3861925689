"""``proctor bento``: what it refuses, and a bento served by its file's name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bentos.build import build_bento
from contracts.model_card import ModelCard
from contracts.models import VersionFacts
from tests.checkpoints import make_tiny_checkpoint
from tests.conftest import answers_ok
from tests.waiting import free_port, wait_until


def bento(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proctor", "bento", *words],
        env={**os.environ, "PROCTOR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("build", "nonsense"), "is not a model reference"),
        (("build", "coding-mcqa@champion"), "no registered model"),
        (("serve", "coding-mcqa/3"), "no registered model"),
        (("serve", "gone.bento"), "no such file"),
        (("serve", "."), "bento.yaml is missing"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = bento(tmp_path, *words)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.integration
def test_a_file_is_served_until_told_to_end(tmp_path: Path) -> None:
    digest = make_tiny_checkpoint(tmp_path / "checkpoint")
    facts = VersionFacts(
        model="coding-mcqa",
        version="1",
        digest=digest,
        run_id="r",
        commit="c",
        scoring="text",
        template="code-1",
    )
    out = tmp_path / "v1.bento"
    build_bento(tmp_path / "checkpoint", facts, bento_home=tmp_path / "home", out=out)
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", "proctor", "bento", "serve", str(out), "--port", str(port)],
            env={**os.environ, "PROCTOR_HOME": str(tmp_path / "home")},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )

    def ready() -> bool:
        assert server.poll() is None, log.read_text()[-4_000:]
        return answers_ok(f"http://127.0.0.1:{port}/readyz")

    try:
        wait_until(ready, 120, "the bento answers")
        card = httpx.post(f"http://127.0.0.1:{port}/card", json={}).content
        assert ModelCard.model_validate_json(card).version == facts
        busy = bento(tmp_path / "home", "serve", str(out), "--port", str(port))
        assert busy.returncode == 1
        assert "is taken by another program" in busy.stderr
        # Free on loopback does not make it ours to listen on elsewhere.
        words = ("--host", "203.0.113.1", "--port", str(free_port()))
        elsewhere = bento(tmp_path / "home", "serve", str(out), *words)
        assert elsewhere.returncode == 2
        assert "cannot listen on 203.0.113.1:" in elsewhere.stderr
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
