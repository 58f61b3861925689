"""What a fine-tuning learns, and how the loop is set: from params.yaml to passes.

Questions become conversations (what is asked, what is to be replied), examples become
passes. Pure functions of questions, replies, settings and seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import torch

from contracts.errors import BadInput
from contracts.params import FinetuneParams
from contracts.questions import Question
from mcq.prompts import TEMPLATES
from training.bases.checkpoint import facts_of
from training.bases.folder import Base
from training.batches import Example, Pass
from training.finetune.examples import Conversation
from training.finetune.packing import pack, pass_order, side_by_side
from training.finetune.replies import answer_text, read_replies, reasoned_text
from training.loop import Lessons, Settings

REASONED_TEMPLATE: Final = "reasoned-1"
CURVE_EVERY_STEPS: Final = 5
AUTOCAST: Final = {"fp32": None, "bf16": torch.bfloat16}


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
