"""Stock MLflow as a stranger has it: our model, our questions, and none of our repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts.questions import Question
from tests.conftest import _end, answers_ok
from tests.waiting import free_port, wait_until

ROOT = Path(__file__).resolve().parents[1]

LOAD = """
import json, sys
# An editable installation puts the repository on the path: a stranger has none.
sys.path.remove(sys.argv[2]) if sys.argv[2] in sys.path else None
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
answers = model.predict(pandas.DataFrame(json.load(sys.stdin)))
import contracts, mcq
print(json.dumps({
    "answers": answers.to_dict("records"),
    "code": [contracts.__file__, mcq.__file__],
    "path": sys.path,
    "training": "training" in sys.modules,
}))
"""


def strangers_environment(uri: str) -> dict[str, str]:
    """The environment of somebody who has MLflow and our model, but not our repository."""
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "OMP_WAIT_POLICY": "PASSIVE",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    environment.pop("PYTHONPATH", None)
    return environment


def rows_of(questions: list[Question]) -> list[dict[str, Any]]:
    """One row a question, as the model's signature wants them."""
    return [{"question": q.stem, "code": q.code, "choices": list(q.choices)} for q in questions]


def load_and_ask(
    model_uri: str, questions: list[Question], *, uri: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    """``mlflow.pyfunc.load_model`` and one ``predict`` in a process of its own; the last line
    of its output is what ``LOAD`` prints."""
    return subprocess.run(
        [sys.executable, "-c", LOAD, model_uri, str(ROOT)],
        input=json.dumps(rows_of(questions)),
        capture_output=True,
        text=True,
        cwd=folder,
        env=strangers_environment(uri),
        timeout=180,
        check=False,
    )


def answers_without_us(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """The answers of ``load_and_ask``, when the code that gave them was MLflow's copy."""
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert not said["training"]
    assert str(ROOT) not in said["path"]
    for file in said["code"]:
        assert not Path(file).is_relative_to(ROOT)
        assert "code" in Path(file).parts
    answers: list[dict[str, Any]] = said["answers"]
    return answers


@contextmanager
def served_by_mlflow(model_uri: str, *, uri: str, home: Path) -> Iterator[str]:
    """URL of ``mlflow models serve`` with the model, ended with the block."""
    port = free_port()
    log = home / "serve.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "models", "serve"),
                *("-m", model_uri, "--env-manager", "local"),
                *("-h", "127.0.0.1", "-p", str(port), "--workers", "1"),
            ],
            stdout=stream,
            stderr=stream,
            cwd=home,
            env=strangers_environment(uri),
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"

        def ready() -> bool:
            assert server.poll() is None, f"it ended:\n{log.read_text()[-4000:]}"
            return answers_ok(f"{url}/ping")

        wait_until(ready, 120, "the model answers")
        yield url
    finally:
        _end(server)


def invoke(url: str, rows: list[dict[str, Any]]) -> tuple[int, Any]:
    """Status and reply of ``POST /invocations``."""
    request = urllib.request.Request(  # noqa: S310 - our own http URL
        f"{url}/invocations",
        data=json.dumps({"dataframe_records": rows}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
