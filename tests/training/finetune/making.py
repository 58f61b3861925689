"""Tiny bases, requests and trainers for the tests of fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from contracts.digests import digest_of_folder
from contracts.params import FinetuneParams, FolderProfile, Params
from contracts.questions import Question
from contracts.replies import ReasonedReply
from mcq.model import load_tokenizer, load_weights
from tests.training.making import COMMIT, ROOT, train_params
from training.bases.folder import Base
from training.batches import Example
from training.devices import OneDevice
from training.finetune.adapters import with_adapters
from training.finetune.examples import encode_conversations
from training.finetune.lessons import conversations, lessons, settings
from training.job import TrainRequest
from training.loop import Trainer

FINETUNE: dict[str, Any] = {
    "method": "lora",
    "replies": "answer",
    "max_questions": 40,
    "validation_questions": 8,
    "steps": 12,
    "batch_tokens": 1024,
    "accumulate": 2,
    "packing": True,
    "learning_rate": 0.01,
    "schedule": "cosine",
    "warmup_steps": 2,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "evaluate_every_steps": 3,
    "patience": 0,
    "precision": "fp32",
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.0, "targets": ["q_proj", "v_proj", "up_proj"]},
}


def tuning(**changes: Any) -> FinetuneParams:
    return FinetuneParams.model_validate({**FINETUNE, **changes})


def finetune_params(experiment: str, base: Path, scoring: str = "letter", **changes: Any) -> Params:
    """``params.yaml`` as it stands, with the profile ``tiny-base`` of a folder to tune."""
    raw = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    profile = FolderProfile(source="folder", path=str(base), scoring=scoring)  # type: ignore[arg-type]
    raw["experiment"] = experiment
    raw["profiles"] = {"tiny-base": profile.model_dump()}
    raw["train"] = train_params(profile="tiny-base").model_dump()
    raw["finetune"] = tuning(**changes).model_dump()
    return Params.model_validate(raw)


def finetune_request(home: Path, questions: Path, uri: str, params: Params) -> TrainRequest:
    return TrainRequest(questions, home / "out", home / "home", params, uri, COMMIT)


def tiny(folder: Path) -> Base:
    origin = {"source": "folder", "path": str(folder)}
    return Base("tiny-base", "letter", folder, digest_of_folder(folder), origin)


def encoded(
    base: Path, bank: Sequence[Question], params: FinetuneParams
) -> tuple[list[Example], list[Example]]:
    tokenizer = load_tokenizer(base)
    talks = conversations(bank[:-8], bank[-8:], params, tiny(base), seed=1)
    train, held = (encode_conversations(part, tokenizer, 2_000) for part in talks)
    return train, held


def make_tuner(base: Path, bank: Sequence[Question], states: Path, **changes: Any) -> Trainer:
    """A trainer on all questions but the last eight, which are for validation."""
    params = tuning(**changes)
    model = load_weights(base)
    train, held = encoded(base, bank, params)
    if params.method == "lora":
        model = with_adapters(model, params.lora, seed=1).get_base_model()
    return Trainer(
        model,
        lessons(train, held, params, 1, pad=0, processes=1),
        settings(params, 1, validated=True),
        recipe="r",
        state_folder=states,
        devices=OneDevice(),
    )


def reply_to(question: Question, /, **changes: Any) -> ReasonedReply:
    facts: dict[str, Any] = {
        "question": question.id,
        "understanding": "What is printed.",
        "analysis": {
            letter: f"It would be {choice!r}."
            for letter, choice in zip("ABCDEFGHIJ", question.choices, strict=False)
        },
        "reasoning": "Line by line.",
        "conclusion": "So it is that one.",
        "answer": question.answer,
    }
    return ReasonedReply.model_validate({**facts, **changes})


def write_replies(path: Path, replies: Sequence[ReasonedReply]) -> Path:
    path.write_text("".join(f"{reply.model_dump_json()}\n" for reply in replies), encoding="utf-8")
    return path
