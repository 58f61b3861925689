"""Whether scoring over Ray needs more memory for more questions.

    python -m benchmarks.ray_memory [--quick] [--json FILE]

Bank questions (a few hundred, drawn here, each time with an id of its own) stand in a file and
are read as they are asked; a ``nano`` with random weights scores them with two workers, and
the records go to disk and are read back in order. Each size runs in a process of its own;
its peak and that of its fattest worker (``VmHWM``, proc_pid_status(5)) may not grow. Not
counted: what ``proctor evaluate`` keeps beside the engine, the suite's questions and its files.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from benchmarks.targets import Target, as_rows, hand_over
from contracts.files import write_atomically
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts
from contracts.params import ScratchProfile
from contracts.questions import Question
from evaluation.engine import ClusterSettings
from evaluation.ray_engine import RayEngine
from evaluation.record_spool import record_spool
from evaluation.run import Asking, record_of
from mcq.bank.build import Plan, draw_items, row_of
from mcq.prompts import DEFAULT_TEMPLATE
from mcq.scorer import Scored, Scorer
from proctor.params import load_params
from training.scratch import build_model, build_tokenizer

SIZES: Final = (2_000, 20_000)
QUICK_SIZES: Final = (200, 1_000)
DRAWN: Final = 400
WORKERS: Final = 2
BATCH_TOKENS: Final = 8_192
# The allocator's slack is a few MiB of some 600.
MOST_GROWTH: Final = 1.05
PARAMS: Final = Path(__file__).parents[1] / "params.yaml"


def make_checkpoint(folder: Path, questions: Sequence[Question]) -> None:
    """``nano`` as a training begins with it."""
    profile = load_params(PARAMS).profiles["nano"]
    if not isinstance(profile, ScratchProfile):
        raise TypeError("nano is no profile from scratch")
    tokenizer = build_tokenizer(questions, profile.vocabulary)
    build_model(profile, tokenizer, seed=0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    facts = CheckpointFacts(profile="nano", scoring="text", template=DEFAULT_TEMPLATE["text"])
    write_atomically(folder / CHECKPOINT_FACTS_FILE, facts.model_dump_json())


def write_questions(path: Path, drawn: Sequence[Question], count: int) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for place, question in enumerate(islice(cycle(drawn), count)):
            alone = question.model_copy(update={"id": f"{place:06}", "proof": None})
            stream.write(alone.model_dump_json() + "\n")


def read_questions(path: Path) -> Iterator[Question]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield Question.model_validate_json(line)


def peak_bytes(pid: int | str) -> int:
    """The largest resident set that a process of this machine ever had; 0 once it ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(line.split()[1]) * 1024


def score_file(folder: Path, path: Path) -> dict[str, Any]:
    """Score the questions of ``path`` and read the records back; what it took."""
    began = time.perf_counter()
    worker_bytes = 0
    waiting: dict[int, Question] = {}
    numbered = enumerate(read_questions(path))

    def asked() -> Iterator[Question]:
        for place, question in numbered:
            waiting[place] = question
            yield question

    scorer = Scorer.load(folder)
    with (
        record_spool(path.parent) as spool,
        RayEngine(ClusterSettings(workers=WORKERS), scorer, folder, Asking(BATCH_TOKENS)) as engine,
    ):

        def keep(places: Sequence[int], scored: Sequence[Scored]) -> None:
            nonlocal worker_bytes
            for place, answer in zip(places, scored, strict=True):
                spool.put(place, record_of(waiting.pop(place), answer))
            peaks = [peak_bytes(worker.pid) for worker in engine.workers]
            worker_bytes = max(worker_bytes, *peaks)

        engine.score(asked(), keep)
        correct = sum(record.correct is True for record in spool)
        return {
            "questions": len(spool),
            "correct": correct,
            "seconds": time.perf_counter() - began,
            "driver_peak_bytes": peak_bytes("self"),
            "worker_peak_bytes": worker_bytes,
        }


def measure(sizes: Sequence[int]) -> dict[str, Any]:
    items = [row_of(one, place % 4) for place, one in enumerate(draw_items(Plan(0), range(DRAWN)))]
    drawn = [Question.model_validate(row) for row in items]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_checkpoint(folder / "nano", drawn)
        for count in sizes:
            path = folder / f"{count}.jsonl"
            write_questions(path, drawn, count)
            command = [sys.executable, "-m", "benchmarks.ray_memory"]
            given = ["--score", str(path), "--model", str(folder / "nano")]
            done = subprocess.run([*command, *given], check=True, stdout=subprocess.PIPE)  # noqa: S603
            rows.append(json.loads(done.stdout.splitlines()[-1]))
    small, large = rows
    targets = [
        Target(f"{who} peak, {sizes[1]} over {sizes[0]} questions", ratio, MOST_GROWTH, "<=")
        for who, ratio in (
            ("driver", large["driver_peak_bytes"] / small["driver_peak_bytes"]),
            ("worker", large["worker_peak_bytes"] / small["worker_peak_bytes"]),
        )
    ]
    return {"benchmark": "ray_memory", "rows": rows, "targets": as_rows(targets)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer questions")
    parser.add_argument("--json", type=Path, help="write the result there, too")
    parser.add_argument("--score", type=Path, help="one size: score this file (used by itself)")
    parser.add_argument("--model", type=Path, help="the checkpoint for --score")
    given = parser.parse_args()
    if given.score is not None:
        print(json.dumps(score_file(given.model, given.score)))
        return 0
    result = measure(QUICK_SIZES if given.quick else SIZES)
    return hand_over({**result, "quick": given.quick}, given.json)


if __name__ == "__main__":
    sys.exit(main())
