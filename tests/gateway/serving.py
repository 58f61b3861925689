"""The gateway as people run it: a process of its own, on loopback, with a key for tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.key_file import add_key, read_keys, utc_now
from gateway.keys import SCOPES, Key, parted
from tests.conftest import answers_ok
from tests.gateway.conftest import PRESENTED
from tests.waiting import wait_until

# With none of these the gateway must run: its extra does not install them.
HEAVY = "bentoml mlflow numpy pandas psutil scipy tokenizers torch transformers dvc evidently"
LIGHT_PROCTOR = (
    f"import sys; sys.modules.update(dict.fromkeys({HEAVY.split()!r}));"
    "from proctor.__main__ import main; main()"
)


def proctor(*words: str) -> list[str]:
    return [sys.executable, "-c", LIGHT_PROCTOR, *words]


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return {
        **kept,
        "PROCTOR_HOME": str(home),
        "PROCTOR_KEYS_FILE": str(home / "keys.json"),
        "PROCTOR_API_KEY": PRESENTED,
        "PYTHONUNBUFFERED": "1",
    }


def give_key(home: Path) -> None:
    """The key that tests present, of all scopes, in the home's file."""
    parts = parted(PRESENTED)
    assert parts is not None
    if read_keys(home / "keys.json").named(parts[0]) is None:
        key = Key(id=parts[0], scopes=frozenset(SCOPES))
        add_key(home / "keys.json", key, parts[1], utc_now())


@contextmanager
def serving(
    home: Path, port: int, *words: str, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A gateway process that lives, ended afterwards; its log is ``gateway.log``."""
    give_key(home)
    log = home / "gateway.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            proctor("gateway", "serve", "--port", str(port), "--deadline", "5", *words),
            env={**environment(home), **variables},
            stdout=stream,
            stderr=stream,
        )

    def alive() -> bool:
        assert process.poll() is None, log.read_text()[-4_000:]
        return answers_ok(f"http://127.0.0.1:{port}/healthz")

    try:
        wait_until(alive, 60, "the gateway lives")
        yield process
    finally:
        process.kill()
        process.wait()
