"""A real answerer: an unpacked export that is served in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bentos.serving import serve_command
from tests.conftest import answers_ok
from tests.waiting import free_port, wait_until


@dataclass(frozen=True)
class ServedBento:
    """A running answerer; its output goes to ``log``."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


def launch(
    folder: Path,
    home: Path,
    port: int,
    *,
    by_bentoml: bool = False,
    extra: Mapping[str, str] | None = None,
) -> ServedBento:
    """Start serving ``folder`` with an empty store below ``home``; does not wait. The
    working folder is ``home``, so nothing of this checkout is found by being in it.
    ``by_bentoml``: with its own ``bentoml serve``, as an image of the bento does; ``extra``:
    of the environment."""
    (home / "store").mkdir(parents=True, exist_ok=True)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "BENTOML_HOME": str(home / "store"),
        "BENTOML_DO_NOT_TRACK": "True",
        **(extra or {}),
    }
    own = [sys.executable, "-m", "bentoml", "serve", str(folder), "--port", str(port)]
    command = (
        [*own, "--host", "127.0.0.1"]
        if by_bentoml
        else serve_command(folder, host="127.0.0.1", port=port)
    )
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    log = home / "answerer.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=home,
            env=environment,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    return ServedBento(f"http://127.0.0.1:{port}", process, log)


def end(served: ServedBento) -> int:
    """SIGTERM to the server alone, as an init system would; its exit code. One that does not
    listen is killed."""
    if served.process.poll() is None:
        served.process.send_signal(signal.SIGTERM)
    try:
        return served.process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        kill(served)
        raise


def kill(served: ServedBento) -> None:
    """SIGKILL to the server alone: a worker of ``bentoml serve`` has a session of its own, and
    is to notice."""
    served.process.kill()
    served.process.wait()


@contextmanager
def served_bento(folder: Path, home: Path, **how: Any) -> Iterator[ServedBento]:
    """A ready answerer, ended afterwards; ``how`` as in ``launch``."""
    served = launch(folder, home, free_port(), **how)

    def ready() -> bool:
        assert served.process.poll() is None, served.log.read_text()[-4_000:]
        return answers_ok(f"{served.url}/readyz")

    try:
        wait_until(ready, 120, "the answerer is ready")
        yield served
    finally:
        end(served)
