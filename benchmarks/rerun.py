"""What an evaluation costs whose answers are all kept: the same again, unchanged.

    python -m benchmarks.rerun [--quick] [--json FILE]

A bank is built and a ``nano`` trained for a few steps by the commands themselves, against an
MLflow on loopback. Then the evaluation runs twice in this process, to the end: suite read,
scores looked up, figures, report, everything logged and written. The second is timed, less
the hashing of the weights, and torch's matrix products in it are counted: a forward pass
would show.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.quiet import Others
from benchmarks.targets import Target, as_rows, hand_over
from contracts.digests import digest_of_folder
from contracts.files import write_atomically
from contracts.suites import SuiteSpec
from evaluation.evaluate import EvaluateRequest, evaluate
from proctor.params import load_params
from proctor.processes import HOST, end, free_port, start, wait_ready

ROOT: Final = Path(__file__).parents[1]
QUESTIONS: Final = 12_000
QUICK_QUESTIONS: Final = 1_200
TURNS: Final = 5
PRODUCTS: Final = frozenset({"mm", "addmm", "bmm", "baddbmm", "linear", "embedding"})


class Products(TorchDispatchMode):
    """Counts matrix products and look-ups of embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func.overloadpacket.__name__ in PRODUCTS
        return func(*args, **(kwargs or {}))


@contextmanager
def mlflow_server(home: Path) -> Iterator[str]:
    """A server of its own on loopback, ended with the block; its address."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    argv = [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{home}/mlflow.db"),
        *("--artifacts-destination", str(home / "artifacts")),
        *("--host", HOST, "--port", str(port)),
    ]
    process = start(
        "mlflow",
        argv,
        url=url,
        ready_path="/health",
        log=home / "mlflow.log",
        environment={"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        detail={},
    )
    try:
        wait_ready(process, 120.0)
        yield url
    finally:
        end(process)


def prepare(home: Path, uri: str, questions: int) -> None:
    """Bank, checkpoint and its result, as the commands leave them."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["train"].update(profile="nano", steps=3)
    params["questions"]["count"] = questions
    params["evaluate"]["max_questions"] = questions
    write_atomically(home / "params.yaml", yaml.safe_dump(params))
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri, "PROCTOR_HOME": str(home / "home")}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment.get("PYTHONPATH", "")])
    for words in (
        ("questions", "build", "--out", "bank", "--count", str(questions), "--seed", "7"),
        ("train", "--questions", "bank", "--out", "out"),
    ):
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "proctor", *words],
            cwd=home,
            env=environment,
            check=True,
            stdout=sys.stderr,
        )


def request_of(home: Path, uri: str) -> EvaluateRequest:
    suite = {
        "name": "bank-test",
        "version": 1,
        "description": "held-out questions of a bank",
        "sources": ({"path": str(home / "bank" / "test.jsonl")},),
    }
    return EvaluateRequest(
        checkpoint=home / "out" / "checkpoint",
        training=home / "out" / "training.json",
        suite=SuiteSpec.model_validate(suite),
        out=home / "out",
        params=load_params(home / "params.yaml"),
        tracking_uri=uri,
        commit="0" * 40,
        scores=home / "home" / "scores",
        validation=home / "bank" / "validation.jsonl",
        learned=home / "bank" / "train.jsonl",
    )


def seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(questions: int, turns: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with mlflow_server(home) as uri:
            prepare(home, uri, questions)
            request = request_of(home, uri)

            def once() -> None:
                evaluate(request, now_seconds=time.time)

            first = seconds(once)
            hashing = statistics.median(
                seconds(lambda: digest_of_folder(request.checkpoint)) for _ in range(turns)
            )
            with Others() as others:
                again = [seconds(once) - hashing for _ in range(turns)]
            # Not in what is timed: looking at every operator costs time.
            with Products() as products:
                once()
    rerun = statistics.median(again)
    return {
        "benchmark": "rerun",
        "questions_drawn": questions,
        "first_seconds": first,
        "rerun_seconds": again,
        "hashing_seconds": hashing,
        "products": products.count,
        "others_ratio": others.ratio,
        "targets": as_rows(
            [
                Target("unchanged_rerun_seconds", rerun, 1.0, "<=", judged=not others.disturbing),
                Target("matrix_products_of_a_rerun", products.count, 0, "<="),
            ]
        ),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small bank")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    words = parser.parse_args()
    result = measure(QUICK_QUESTIONS if words.quick else QUESTIONS, TURNS)
    return hand_over({**result, "quick": words.quick}, words.json)


if __name__ == "__main__":
    sys.exit(main())
