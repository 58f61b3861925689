"""A fine-tuning before its first step: base, questions, replies and adapters, all checked.

``lora`` trains adapters and merges them, ``full`` trains every weight, ``none`` takes the
base as it is. Whichever it was, a plain checkpoint is written, in fp32, as it was trained;
the base's folder is only read.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch

from contracts.digests import digest_of_file, digest_of_json
from contracts.errors import BadInput
from contracts.questions import Question
from contracts.verdicts import BaseFacts
from mcq.loaders import load_questions
from mcq.model import load_tokenizer, load_weights
from training.bases.checkpoint import facts_of, write_base_checkpoint
from training.bases.folder import Base
from training.bases.resolve import resolve
from training.checkpoint import save_model, write_checkpoint
from training.devices import Devices
from training.finetune.adapters import merged, with_adapters
from training.finetune.examples import encode_conversations
from training.finetune.lessons import conversations, lessons, settings
from training.job import Job, TrainRequest
from training.loop import Trainer

RECIPE_VERSION: Final = 1


def prepare(request: TrainRequest, devices: Devices) -> Job:
    """Raises ``BadInput`` and what ``resolve`` raises, before anything is written."""
    params = request.params
    questions = load_questions(request.questions / "train.jsonl")
    if not questions:
        raise BadInput(f"{request.questions / 'train.jsonl'} holds no question.")
    base = resolve(params.train.profile, params.profiles, home=request.home)
    _keep_base(base, request.out / "checkpoint")
    recipe = _recipe(request, base, devices.processes)
    state_folder = request.states / recipe.removeprefix("sha256:")[:16]
    if params.finetune.method == "none":
        trainer, write = None, partial(write_base_checkpoint, base)
        run_name = f"take {base.name} as it is"
        counted: dict[str, Any] = {}
    else:
        trainer, write, counted = _tuning(
            request, base, questions, devices, recipe=recipe, state_folder=state_folder
        )
        run_name = (
            f"train {base.name} {params.finetune.method} {params.finetune.steps} steps"
            f" seed {params.train.seed}"
        )
    profile = params.profiles[base.name]
    return Job(
        method=params.finetune.method,
        base=BaseFacts(origin=dict(base.origin), digest=base.digest),
        data_digest=digest_of_file(request.questions / "train.jsonl"),
        recipe=recipe,
        state_folder=state_folder,
        trainer=trainer,
        write=write,
        run_name=run_name,
        params={
            "train.profile": base.name,
            "train.seed": params.train.seed,
            **flat("finetune", params.finetune.model_dump()),
            **{f"profile.{key}": value for key, value in profile.model_dump().items()},
            **counted,
        },
        example=questions[0],
    )


def flat(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    """Nested settings under dotted names, as MLflow keeps them."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}.{key}"
        found |= flat(name, value) if isinstance(value, dict) else {name: value}
    return found


def _keep_base(base: Base, target: Path) -> None:
    """Refuse to write where the base lies: it would be gone with its digest."""
    folder, place = base.folder.resolve(), target.resolve()
    if folder == place or folder in place.parents or place in folder.parents:
        raise BadInput(
            f"the checkpoint would be written over its own base, {base.folder}.",
            mend="Name another --out, or copy the base elsewhere first.",
        )


def _recipe(request: TrainRequest, base: Base, processes: int) -> str:
    """Digest of everything that decides the result."""
    params = request.params
    replies = Path(params.finetune.replies_file or "")
    return digest_of_json(
        {
            "version": RECIPE_VERSION,
            "seed": params.train.seed,
            "threads": params.train.threads,
            "finetune": params.finetune.model_dump(mode="json"),
            "scoring": base.scoring,
            "base": base.digest,
            "data": [
                digest_of_file(request.questions / f"{split}.jsonl")
                for split in ("train", "validation")
            ],
            "replies": digest_of_file(replies) if replies.is_file() else None,
            "processes": processes,
            "torch": torch.__version__.split("+")[0],
        }
    )


def _tuning(
    request: TrainRequest,
    base: Base,
    questions: list[Question],
    devices: Devices,
    *,
    recipe: str,
    state_folder: Path,
) -> tuple[Trainer, Any, dict[str, Any]]:
    """The trainer, what writes its checkpoint, and what was counted, for MLflow."""
    params = request.params
    tuning, seed = params.finetune, params.train.seed
    validation = load_questions(request.questions / "validation.jsonl")
    talks = conversations(questions, validation, tuning, base, seed)
    model, tokenizer = load_weights(base.folder), load_tokenizer(base.folder)
    longest = min(tuning.batch_tokens, int(model.config.max_position_embeddings))
    train, held = (encode_conversations(part, tokenizer, longest) for part in talks)
    total = sum(parameter.numel() for parameter in model.parameters())
    adapted = with_adapters(model, tuning.lora, seed) if tuning.method == "lora" else None
    learned = adapted.get_base_model() if adapted is not None else model
    trainer = Trainer(
        learned,
        lessons(train, held, tuning, seed, pad=_pad(tokenizer), processes=devices.processes),
        settings(tuning, seed, validated=bool(held)),
        recipe=recipe,
        state_folder=state_folder,
        devices=devices,
        clock=time.perf_counter,
    )

    def save(folder: Path) -> None:
        plain = learned if adapted is None else merged(adapted)
        save_model(folder, plain, tokenizer, facts_of(base))

    wanted = (p.numel() for p in learned.parameters() if p.requires_grad)
    counted = {
        "parameters": total,
        "parameters.trained": sum(wanted),
        "examples.train": len(train),
        "examples.validation": len(held),
        "processes": devices.processes,
    }
    return trainer, lambda target: write_checkpoint(target, save), counted


def _pad(tokenizer: Any) -> int:
    """Padding is never looked at (causal attention, no loss there): any token will do."""
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)
