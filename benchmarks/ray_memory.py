"""Whether scoring over Ray needs more memory for more questions.

    python -m benchmarks.ray_memory [--quick] [--json FILE]

Bank questions (a few hundred, drawn here, each time with a number in the stem) stand in a file and
are read as they are asked; a ``nano`` with random weights scores them with two workers, answers
go to a store and records to disk, and these are read back in order. Then the same is asked again
with all answers kept but the last few, as after a kill. Each runs in a process of its own; its
peak and that of its fattest worker (``VmHWM``, proc_pid_status(5)) may not grow. Not counted:
what ``proctor evaluate`` keeps beside the engine, the suite's questions, what it computes from
records, and its files.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final, overload

from benchmarks.targets import Target, as_rows, hand_over
from contracts.files import write_atomically
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts
from contracts.params import ScratchProfile
from contracts.questions import Question
from evaluation.batches import ClusterSettings
from evaluation.engine import stream_suite
from evaluation.ray_engine import RayEngine
from evaluation.record_spool import record_spool
from evaluation.run import Asking
from evaluation.scores import ScoreStore
from mcq.bank.build import Plan, draw_items, row_of
from mcq.prompts import DEFAULT_TEMPLATE
from mcq.scorer import Scorer
from proctor.params import load_params
from training.scratch import build_model, build_tokenizer

SIZES: Final = (2_000, 20_000)
# Not below the window that is planned together: up to there memory grows.
QUICK_SIZES: Final = (1_024, 2_048)
DRAWN: Final = 400
WORKERS: Final = 2
BATCH_TOKENS: Final = 8_192
# Of a store before it is resumed from: some work is left for the workers.
FORGOTTEN: Final = 100
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
            # Another stem: a store would answer the same question twice.
            asked = {"stem": f"{question.stem} ({place})", "id": f"{place:06}", "proof": None}
            alone = question.model_copy(update=asked)
            stream.write(alone.model_dump_json() + "\n")


class QuestionFile(Sequence[Question]):
    """The questions of a file, each read when it is asked for; eight bytes a question."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb")
        self._starts = array("q", [0])
        for line in self._stream:
            self._starts.append(self._starts[-1] + len(line))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, place: int) -> Question: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Question]: ...
    def __getitem__(self, place: int | slice) -> Question | Sequence[Question]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        self._stream.seek(self._starts[range(len(self))[place]])
        return Question.model_validate_json(self._stream.readline())


def peak_bytes(pid: int | str) -> int:
    """The largest resident set that a process of this machine ever had; 0 once it ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(line.split()[1]) * 1024


def score_file(folder: Path, path: Path) -> dict[str, Any]:
    """Score the questions of ``path`` that the store beside it does not answer, and read all
    records back; what it took."""
    began = time.perf_counter()
    worker_bytes = 0
    questions = QuestionFile(path)
    scorer = Scorer.load(folder, lazy=True)
    store = ScoreStore(path.with_suffix(""), scorer.identity.digest)
    known = len(store.index())
    with (
        record_spool(path.parent) as spool,
        RayEngine(ClusterSettings(workers=WORKERS), scorer, folder) as engine,
    ):

        def look(_done: int) -> None:
            nonlocal worker_bytes
            worker_bytes = max([worker_bytes, *(peak_bytes(one.pid) for one in engine.workers)])

        stream_suite(engine, scorer, questions, Asking(BATCH_TOKENS, store=store), spool, look)
        correct = sum(record.correct is True for record in spool)
        return {
            "questions": len(spool),
            "known": known,
            "correct": correct,
            "seconds": time.perf_counter() - began,
            "driver_peak_bytes": peak_bytes("self"),
            "worker_peak_bytes": worker_bytes,
        }


def forget(folder: Path, count: int) -> None:
    """Drop the last ``count`` answers of the one store in ``folder``."""
    (store,) = folder.iterdir()
    lines = store.read_bytes().splitlines(keepends=True)
    store.write_bytes(b"".join(lines[:-count]))


def run_alone(folder: Path, path: Path) -> dict[str, Any]:
    """``score_file`` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ray_memory"]
    given = ["--score", str(path), "--model", str(folder / "nano")]
    done = subprocess.run([*command, *given], check=True, stdout=subprocess.PIPE)  # noqa: S603
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


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
            rows.append({"run": "new", **run_alone(folder, path)})
            forget(path.with_suffix(""), FORGOTTEN)
            rows.append({"run": "resumed", **run_alone(folder, path)})
    targets = [
        Target(
            f"{who} peak, {sizes[1]} over {sizes[0]} questions{told}",
            large[f"{who}_peak_bytes"] / small[f"{who}_peak_bytes"],
            MOST_GROWTH,
            "<=",
        )
        for small, large, told in ((rows[0], rows[2], ""), (rows[1], rows[3], ", resumed"))
        for who in ("driver", "worker")
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
