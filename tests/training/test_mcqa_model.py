from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.questions import Question
from mcq.scorer import Scorer
from tests.conftest import _end, answers_ok
from tests.training.conftest import Trained
from tests.training.making import ROOT
from tests.waiting import free_port, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.integration]

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
    return [{"question": q.stem, "code": q.code, "choices": list(q.choices)} for q in questions]


def test_stock_mlflow_loads_it_without_us_and_answers_as_the_scorer_does(
    trained: Trained, bank: list[Question], mlflow_server: str, tmp_path: Path
) -> None:
    asked = [*bank[:4], Question(id="bare", stem="Which?", choices=("x", "y", "z"))]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, trained.result.model_uri, str(ROOT)],
        input=json.dumps(rows_of(asked)),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=strangers_environment(mlflow_server),
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert not said["training"]
    assert str(ROOT) not in said["path"]
    for file in said["code"]:
        assert not Path(file).is_relative_to(ROOT)
        assert "code" in Path(file).parts
    expected = Scorer.load(trained.out / "checkpoint").score(asked)
    for answer, ours in zip(said["answers"], expected, strict=True):
        assert answer["letter"] == ours.letter
        assert answer["confidence"] == pytest.approx(ours.confidence, abs=1e-6)
        assert answer["probabilities"] == pytest.approx(ours.probabilities, abs=1e-6)


@pytest.fixture(scope="module")
def served(
    trained: Trained, mlflow_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """URL of ``mlflow models serve`` with the logged model."""
    home = tmp_path_factory.mktemp("served")
    port = free_port()
    log = home / "serve.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "models", "serve"),
                *("-m", trained.result.model_uri, "--env-manager", "local"),
                *("-h", "127.0.0.1", "-p", str(port), "--workers", "1"),
            ],
            stdout=stream,
            stderr=stream,
            cwd=home,
            env=strangers_environment(mlflow_server),
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


def test_mlflow_serves_it_over_http(served: str, trained: Trained, bank: list[Question]) -> None:
    status, reply = invoke(served, rows_of(bank[:2]))
    assert status == 200, reply
    expected = Scorer.load(trained.out / "checkpoint").score(bank[:2])
    for answer, ours in zip(reply["predictions"], expected, strict=True):
        assert answer["letter"] == ours.letter
        assert sum(answer["probabilities"]) == pytest.approx(1.0)
        assert answer["probabilities"] == pytest.approx(ours.probabilities, abs=1e-6)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"question": "Q?", "code": None, "choices": ["a"]}, "row 0 is not a question"),
        ({"question": " ", "code": None, "choices": ["a", "b"]}, "the stem is blank"),
        (
            {"question": "Q?", "code": "x = 1\n" * 400, "choices": ["a", "b"]},
            "row 0 cannot be scored",
        ),
        ({"code": "print(1)", "choices": ["a", "b"]}, "question"),
    ],
)
def test_a_bad_row_is_a_400_that_says_which(served: str, row: dict[str, Any], words: str) -> None:
    status, reply = invoke(served, [row])
    assert status == 400, reply
    assert words in reply
