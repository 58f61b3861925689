"""Fake answerers as processes of their own, on loopback: to be killed, stopped and let go on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import answers_ok
from tests.gateway.people import facts
from tests.waiting import free_port, wait_until

_CODE = """
import sys, uvicorn
from contracts.models import VersionFacts
from gateway.fake_answerer import FakeAnswerer
facts = VersionFacts.model_validate_json(sys.argv[1])
uvicorn.run(FakeAnswerer(facts).app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""


@dataclass
class ServedFake:
    url: str
    port: int
    process: subprocess.Popen[bytes]


def launch_fake(version: str, port: int) -> ServedFake:
    """A process that serves; it is ready when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CODE, facts(version).model_dump_json(), str(port)],
        cwd=Path(__file__).parents[2],
    )
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert process.poll() is None
        return answers_ok(f"{url}/readyz")

    wait_until(ready, 60, "the fake answerer is ready")
    return ServedFake(url, port, process)


@contextmanager
def served_fake(version: str) -> Iterator[ServedFake]:
    served = launch_fake(version, free_port())
    try:
        yield served
    finally:
        served.process.kill()
        served.process.wait()
