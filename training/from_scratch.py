"""A training of a ``scratch`` profile: random weights, the loss on the text of the answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import torch

from contracts.digests import digest_of_file, digest_of_json
from contracts.models import CheckpointFacts
from contracts.params import ScratchProfile, TrainParams
from mcq.loaders import load_questions
from training.batches import Example, Pass, batch_order, encode
from training.checkpoint import save_model, write_checkpoint
from training.job import Job, TrainRequest
from training.loop import Lessons, Settings, Trainer
from training.scratch import build_model, build_tokenizer

TEMPLATE: Final = "code-1"
# Enough for a steady curve, few enough to cost a second a look.
VALIDATION_QUESTIONS: Final = 512
VALIDATION_BATCH: Final = 128
CURVE_EVERY_STEPS: Final = 20
RECIPE_VERSION: Final = 1


def prepare(request: TrainRequest, profile: ScratchProfile) -> Job:
    """Load, encode and build. Raises ``BadInput``."""
    params = request.params
    questions = load_questions(request.questions / "train.jsonl")
    validation = load_questions(request.questions / "validation.jsonl")[:VALIDATION_QUESTIONS]
    data_digest = digest_of_file(request.questions / "train.jsonl")
    recipe = _recipe(params.train, profile, data_digest)
    tokenizer = build_tokenizer(questions, profile.vocabulary)
    model = build_model(profile, tokenizer, params.train.seed)
    train, held = (
        encode(part, tokenizer, TEMPLATE, profile.context_tokens)
        for part in (questions, validation)
    )
    state_folder = request.states / recipe.removeprefix("sha256:")[:16]
    trainer = Trainer(
        model,
        lessons(train, held, params.train, pad=int(tokenizer.pad_token_id)),
        settings(params.train),
        recipe=recipe,
        state_folder=state_folder,
        clock=time.perf_counter,
    )
    facts = CheckpointFacts(
        profile=params.train.profile, scoring=profile.scoring, template=TEMPLATE
    )
    save = partial(save_model, model=model, tokenizer=tokenizer, facts=facts)
    return Job(
        method="scratch",
        base=None,
        data_digest=data_digest,
        recipe=recipe,
        state_folder=state_folder,
        trainer=trainer,
        write=lambda target: write_checkpoint(target, save),
        run_name=(
            f"train {params.train.profile} {params.train.steps} steps seed {params.train.seed}"
        ),
        params={
            **{f"train.{key}": value for key, value in params.train.model_dump().items()},
            **{f"profile.{key}": value for key, value in profile.model_dump().items()},
            "questions.train": len(questions),
            "questions.validation": len(validation),
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
        },
        example=questions[0],
    )


def _recipe(params: TrainParams, profile: ScratchProfile, data_digest: str) -> str:
    """Digest of everything that decides the result."""
    return digest_of_json(
        {
            "version": RECIPE_VERSION,
            "train": params.model_dump(),
            "profile": profile.model_dump(),
            "data": data_digest,
            "template": TEMPLATE,
            "torch": torch.__version__.split("+")[0],
        }
    )


def settings(params: TrainParams) -> Settings:
    """The loop's settings as ``train`` of params.yaml says them."""
    return Settings(
        section="train",
        seed=params.seed,
        steps=params.steps,
        learning_rate=params.learning_rate,
        schedule="late-linear",
        warmup_steps=params.warmup_steps,
        betas=(0.9, 0.98),
        weight_decay=params.weight_decay,
        clip_norm=params.clip_norm,
        save_every_steps=params.checkpoint_every_steps,
        curve_every_steps=CURVE_EVERY_STEPS,
    )


def lessons(
    train: Sequence[Example], validation: Sequence[Example], params: TrainParams, *, pad: int
) -> Lessons:
    """A step is one padded pass of ``batch_questions`` examples of similar length."""
    lengths = [example.length for example in train]

    def steps() -> Iterator[Sequence[Pass]]:
        for batch in batch_order(lengths, params.batch_questions, params.seed):
            yield (Pass([train[place] for place in batch]),)

    looks = range(0, len(validation), VALIDATION_BATCH)
    return Lessons(
        steps=steps,
        validation=[Pass(validation[start : start + VALIDATION_BATCH]) for start in looks],
        pad=pad,
    )
