"""A fine-tuning before its first step: base, questions, replies and adapters, all checked.

``lora`` trains adapters and merges them, ``full`` trains every weight, ``none`` takes the
base as it is. Whichever it was, a plain checkpoint is written, in fp32, as it was trained;
the base's folder is only read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import torch

from contracts.digests import digest_of_file, digest_of_json
from contracts.errors import BadInput
from contracts.params import FinetuneParams
from contracts.questions import Question
from contracts.verdicts import BaseFacts
from mcq.loaders import load_questions
from mcq.model import load_tokenizer, load_weights
from mcq.prompts import TEMPLATES
from training.bases.checkpoint import facts_of, write_base_checkpoint
from training.bases.folder import Base
from training.bases.resolve import resolve
from training.batches import Example, Pass
from training.checkpoint import save_model, write_checkpoint
from training.devices import Devices
from training.finetune.adapters import merged, with_adapters
from training.finetune.examples import Conversation, encode_conversations
from training.finetune.packing import pack, pass_order, side_by_side
from training.finetune.replies import answer_text, read_replies, reasoned_text
from training.job import Job, TrainRequest
from training.loop import Lessons, Settings, Trainer

REASONED_TEMPLATE: Final = "reasoned-1"
CURVE_EVERY_STEPS: Final = 5
RECIPE_VERSION: Final = 1
AUTOCAST: Final = {"fp32": None, "bf16": torch.bfloat16}


def prepare(request: TrainRequest, devices: Devices) -> Job:
    """Raises ``BadInput`` and what ``resolve`` raises, before anything is written."""
    params = request.params
    questions = load_questions(request.questions / "train.jsonl")
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
        run_name = f"train {base.name} {params.finetune.method} {params.finetune.steps} steps"
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


def conversations(
    questions: Sequence[Question],
    validation: Sequence[Question],
    tuning: FinetuneParams,
    base: Base,
    seed: int,
) -> tuple[list[Conversation], list[Conversation]]:
    """What is learned, and what the validation loss is over.

    With ``reasoned`` replies the questions are those of the file, and each is learned twice:
    reasoned, and by its answer alone, which is what scoring asks for (as in "Distilling
    step-by-step", arXiv:2305.02301). Raises ``BadInput``, ``BadRow``.
    """
    draw = Random(f"proctor-sample-1:{seed}")
    ask = TEMPLATES[facts_of(base).template]
    reasoned: dict[str, str] = {}
    if tuning.replies == "reasoned":
        known = {question.id: question for question in (*questions, *validation)}
        replies = read_replies(Path(tuning.replies_file or ""), known)
        reasoned = {name: reasoned_text(reply) for name, reply in replies.items()}
        questions = [question for question in questions if question.id in reasoned]
        validation = [question for question in validation if question.id in reasoned]
    if not questions:
        raise BadInput("there is no training question to learn from.")
    if tuning.patience and not validation:
        raise BadInput(
            "there is no validation question to stop early by.",
            mend="Add some (with replies, when those are reasoned), or set finetune.patience to 0.",
        )

    def talks(part: Sequence[Question], most: int) -> list[Conversation]:
        found: list[Conversation] = []
        for one in draw.sample(part, min(most, len(part))):
            found.append(Conversation(one.id, ask(one), answer_text(one, base.scoring)))
            if one.id in reasoned:
                prompt = TEMPLATES[REASONED_TEMPLATE](one)
                found.append(Conversation(one.id, prompt, reasoned[one.id]))
        return found

    return talks(questions, tuning.max_questions), talks(validation, tuning.validation_questions)


def settings(tuning: FinetuneParams, seed: int, *, validated: bool) -> Settings:
    """The loop's settings as ``finetune`` of params.yaml says them. Without validation
    questions there is no best: the last weights are kept."""
    return Settings(
        section="finetune",
        seed=seed,
        steps=tuning.steps,
        learning_rate=tuning.learning_rate,
        schedule=tuning.schedule,
        warmup_steps=tuning.warmup_steps,
        betas=(0.9, 0.999),
        weight_decay=tuning.weight_decay,
        clip_norm=tuning.clip_norm,
        save_every_steps=tuning.evaluate_every_steps,
        curve_every_steps=CURVE_EVERY_STEPS,
        patience=tuning.patience if validated else None,
        autocast=AUTOCAST[tuning.precision],
    )


def lessons(
    train: Sequence[Example],
    validation: Sequence[Example],
    tuning: FinetuneParams,
    seed: int,
    *,
    pad: int,
    processes: int,
) -> Lessons:
    """A step is ``accumulate`` passes for each process, all drawn from one order."""
    room, packed = tuning.batch_tokens, tuning.packing

    def passes(examples: Sequence[Example], places: list[int]) -> Pass:
        return Pass([examples[place] for place in places], packed=packed)

    def steps() -> Iterator[Sequence[Pass]]:
        order = pass_order([one.length for one in train], room, seed, packed=packed)
        while True:
            yield [passes(train, places) for places in islice(order, tuning.accumulate * processes)]

    arrange = pack if packed else side_by_side
    looks = arrange([one.length for one in validation], room)
    return Lessons(
        steps=steps,
        validation=[passes(validation, places) for places in looks],
        pad=pad,
        room_tokens=room,
    )
