"""What the benchmark of scoring runs on: questions, shots, checkpoints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts
from contracts.questions import Question
from contracts.sources import QuestionSource
from mcq.loaders import load_questions
from proctor.params import DEFAULT_PATH, load_params
from proctor.settings import read_settings
from training.bases.checkpoint import write_base_checkpoint
from training.bases.links import link_files
from training.bases.resolve import resolve

ROOT: Final = Path(__file__).parents[1]
BESIDE: Final = ROOT.parent / "shared" / "data" / "mmlu_cs"
# Qwen2.5-Coder-0.5B (https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B, config.json).
QWEN_SHAPE: Final[dict[str, Any]] = {
    "vocab_size": 151_936,
    "hidden_size": 896,
    "intermediate_size": 4_864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "tie_word_embeddings": True,
}

_Any = TypeVar("_Any")


@dataclass(frozen=True)
class Group:
    """Questions that are asked after the same ``shots``, which stand with their answers."""

    questions: tuple[Question, ...]
    shots: tuple[Question, ...]


@dataclass(frozen=True)
class Material:
    """``groups``: one a subject, as published MMLU has its own shots for each."""

    name: str
    groups: tuple[Group, ...]

    @property
    def count(self) -> int:
        return sum(len(group.questions) for group in self.groups)

    def some(self, count: int) -> tuple[Group, ...]:
        """About ``count`` of the questions: the same share of each group, evenly over it."""
        share = min(1.0, count / self.count)
        return tuple(
            Group(
                tuple(spread(one.questions, max(2, round(share * len(one.questions))))), one.shots
            )
            for one in self.groups
        )


def without_shots(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The questions of all, alone."""
    return (Group(tuple(one for group in groups for one in group.questions), ()),)


def spread(items: Sequence[_Any], count: int) -> list[_Any]:
    """``count`` of the items, evenly over all of them, in order; all where there are fewer."""
    if count >= len(items):
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]


def load_material(home: Path, shots: int, mmlu: Path | None = None) -> Material:
    """MMLU's subjects where they are, else a bank generated below ``home``. ``mmlu``: where
    they may be, by default ``PROCTOR_MMLU`` or beside the repository."""
    folder = mmlu or Path(os.environ.get("PROCTOR_MMLU") or BESIDE)
    if (folder / "test").is_dir():
        return Material(
            "mmlu_cs",
            tuple(
                Group(tuple(_mmlu(test)), tuple(_mmlu(_dev_of(test))[:shots]))
                for test in sorted((folder / "test").glob("*.csv"))
            ),
        )
    bank = home / "bank"
    build = ("-m", "proctor", "questions", "build", "--count", "1000", "--seed", "7")
    subprocess.run(  # noqa: S603
        [sys.executable, *build, "--out", str(bank)], cwd=ROOT, check=True, stdout=sys.stderr
    )
    asked = tuple(load_questions(bank / "test.jsonl"))
    shown = tuple(load_questions(bank / "train.jsonl")[:shots])
    return Material("generated bank, 1,000 questions, seed 7", (Group(asked, shown),))


def _dev_of(test: Path) -> Path:
    return test.parent.parent / "dev" / test.name.replace("_test.csv", "_dev.csv")


def _mmlu(path: Path) -> list[Question]:
    return load_questions(QuestionSource(path=str(path), format="mmlu"))


def smollm_checkpoint(target: Path) -> Path:
    """SmolLM2-135M as ``proctor models fetch smollm2-135m`` brings it, as a checkpoint."""
    base = resolve(
        "smollm2-135m", load_params(ROOT / DEFAULT_PATH).profiles, home=read_settings().home
    )
    write_base_checkpoint(base, target)
    return target


def random_checkpoint(
    target: Path, tokenizer_of: Path, shape: dict[str, Any] | None = None
) -> Path:
    """Random weights of ``shape`` (by default Qwen2.5-Coder-0.5B's) with the tokenizer of
    another checkpoint, whose vocabulary must fit into it."""
    link_files(tokenizer_of, target)
    # Links of files that are written anew must not be written through.
    for name in ("config.json", "generation_config.json", CHECKPOINT_FACTS_FILE):
        (target / name).unlink(missing_ok=True)
    for path in target.glob("*.safetensors*"):
        path.unlink()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = Qwen2Config(**(shape or QWEN_SHAPE), max_position_embeddings=32_768)
        Qwen2ForCausalLM(config).save_pretrained(target, max_shard_size="100GB")
    facts = CheckpointFacts(profile="random", scoring="letter", template="mmlu-1")
    (target / CHECKPOINT_FACTS_FILE).write_text(json.dumps(facts.model_dump()), encoding="utf-8")
    return target
