"""A small bank, tiny parameters and trainers for tests, and ``proctor train`` as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from typing import Any

import yaml

from contracts.digests import canonical_json, digest_of_bytes
from contracts.params import Params, ScratchProfile, TrainParams
from contracts.questions import Question
from mcq.bank.build import Plan, draw_items, row_of
from tests.environments import unmeasured
from training.batches import encode
from training.from_scratch import lessons, settings
from training.loop import Trainer
from training.scratch import build_model, build_tokenizer

ROOT = Path(__file__).parents[2]
COMMIT = "c" * 40
PROFILE = ScratchProfile(
    source="scratch",
    scoring="text",
    vocabulary=300,
    hidden_size=16,
    intermediate_size=32,
    layers=1,
    attention_heads=2,
    key_value_heads=1,
    context_tokens=512,
)

# What ``python -m proctor`` is, started by a shell in the foreground: SIGINT interrupts.
# The first argument bounds the bytes of a file, as a disk without space would (0: no bound).
LAUNCHER = """
import resource, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
bound = int(sys.argv.pop(1))
if bound:
    resource.setrlimit(resource.RLIMIT_FSIZE, (bound, resource.RLIM_INFINITY))
runpy.run_module("proctor", run_name="__main__", alter_sys=True)
"""


def draw_questions(seed: int, count: int) -> list[Question]:
    """The first ``count`` distinct questions of the bank with this seed."""
    plan = Plan(seed, ("output",))
    questions: dict[str, Question] = {}
    place = 0
    while len(questions) < count:
        for drawn in draw_items(plan, range(place, place + 20)):
            question = Question.model_validate(row_of(drawn, place % 4))
            questions.setdefault(question.id, question)
            place += 1
    return list(questions.values())[:count]


def write_questions(
    folder: Path, train: Sequence[Question], validation: Sequence[Question]
) -> Path:
    folder.mkdir(parents=True)
    for name, part in (("train", train), ("validation", validation)):
        rows = [canonical_json(q.model_dump(mode="json", exclude_defaults=True)) for q in part]
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def train_params(**changes: Any) -> TrainParams:
    facts: dict[str, Any] = {
        "profile": "tiny",
        "seed": 1,
        "steps": 60,
        "batch_questions": 8,
        "learning_rate": 0.01,
        "warmup_steps": 5,
        "weight_decay": 0.02,
        "clip_norm": 1.0,
        "checkpoint_every_steps": 20,
        "threads": 1,
    }
    return TrainParams(**{**facts, **changes})


def make_params(experiment: str, **changes: Any) -> Params:
    """``params.yaml`` as it stands in the repository, with a tiny profile to train."""
    raw = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    raw["experiment"] = experiment
    raw["profiles"] = {"tiny": PROFILE.model_dump()}
    raw["train"] = train_params(**changes).model_dump()
    return Params.model_validate(raw)


def make_trainer(
    bank: Sequence[Question], states: Path, *, recipe: str = "r", **changes: Any
) -> Trainer:
    """A trainer on all questions but the last eight, which are for validation."""
    tokenizer = build_tokenizer(bank, PROFILE.vocabulary)
    params = train_params(**changes)
    examples = encode(bank, tokenizer, "code-1", PROFILE.context_tokens)
    return Trainer(
        build_model(PROFILE, tokenizer, params.seed),
        lessons(examples[:-8], examples[-8:], params, pad=int(tokenizer.pad_token_id)),
        settings(params),
        recipe=recipe,
        state_folder=states,
    )


def weights_digest(trainer: Trainer) -> str:
    """Of every weight's bytes, by name."""
    parts = [
        name.encode() + parameter.detach().numpy().tobytes()
        for name, parameter in sorted(trainer._named.items())
    ]
    return digest_of_bytes(b"".join(parts))


@contextmanager
def files_bounded(size: int) -> Iterator[None]:
    """Within the block no file of this process grows beyond ``size`` bytes."""
    before = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, before)


class Command:
    """``proctor train`` in a folder of its own, against the MLflow at ``uri``."""

    def __init__(self, folder: Path, questions: Path, uri: str, params: Params) -> None:
        self.folder = folder
        self.questions = questions
        self.out = folder / "out"
        self.states = folder / "home" / "training"
        self.params = folder / "params.yaml"
        self.params.write_text(yaml.safe_dump(params.model_dump()), encoding="utf-8")
        self._environment = {
            "MLFLOW_TRACKING_URI": uri,
            "OMP_WAIT_POLICY": "PASSIVE",
            "PROCTOR_HOME": str(folder / "home"),
            "PYTHONPATH": str(ROOT),
        }

    def start(self, file_bytes: int = 0) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(sys.executable, "-c", LAUNCHER, str(file_bytes), "train"),
                *("--questions", str(self.questions), "--out", str(self.out)),
            ],
            cwd=self.folder,
            env=(unmeasured() if file_bytes else dict(os.environ)) | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, file_bytes: int = 0) -> tuple[int, str]:
        """Exit status and what it said on standard error."""
        process = self.start(file_bytes)
        _, said = process.communicate(timeout=180)
        return process.returncode, said

    def saved(self) -> list[str]:
        """Names of the complete states there are."""
        return sorted(path.name for path in self.states.glob("*/step-*"))
