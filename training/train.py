"""One training, whole: questions in, checkpoint folder and ``training.json`` out.

Everything is checked before the first step: MLflow answers, the questions are good, the
profile exists. The checkpoint folder is swapped in at the end; until then the one that
stood there stays. Time and commit are arguments.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch

from contracts.digests import canonical_json, digest_of_file, digest_of_json
from contracts.errors import BadInput
from contracts.files import write_atomically
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts
from contracts.params import Params, ScratchProfile
from contracts.questions import Question
from contracts.run_group import RunGroup
from contracts.verdicts import TrainingResult
from mcq.checkpoint import checkpoint_digest
from mcq.loaders import load_questions
from training.batches import encode
from training.data_card import data_card
from training.loop import Trainer
from training.scratch import build_model, build_tokenizer
from training.storage import tensor_storage_faults
from training.tracking import TrainingRun

TEMPLATE: Final = "code-1"
CHECKPOINT: Final = "checkpoint"
RUN_FILE: Final = "run_id"
# Enough for a steady curve, few enough to cost a second a look.
VALIDATION_QUESTIONS: Final = 512
RECIPE_VERSION: Final = 1


@dataclass(frozen=True)
class TrainRequest:
    """``questions``: folder with train.jsonl and validation.jsonl; ``out``: where the
    checkpoint folder and training.json go; ``states``: where unfinished trainings live."""

    questions: Path
    out: Path
    states: Path
    params: Params
    tracking_uri: str
    commit: str
    group: RunGroup = field(default_factory=RunGroup)


def train(
    request: TrainRequest,
    *,
    now_seconds: Callable[[], float],
    on_step: Callable[[int], None] = lambda _step: None,
    on_resume: Callable[[int], None] = lambda _step: None,
) -> TrainingResult:
    """Train, log and write. Raises ``TrackingAway``, ``BadInput``, ``StorageFull``; a state
    that was saved before the error is resumed by the next call with the same recipe."""
    params = request.params
    run = TrainingRun(request.tracking_uri, params.experiment, request.group)
    questions = load_questions(request.questions / "train.jsonl")
    validation = load_questions(request.questions / "validation.jsonl")[:VALIDATION_QUESTIONS]
    data_digest = digest_of_file(request.questions / "train.jsonl")
    profile = params.profiles[params.train.profile]
    if not isinstance(profile, ScratchProfile):
        raise BadInput(f"profile {params.train.profile} is not trained from scratch.")
    recipe = digest_of_json(
        {
            "version": RECIPE_VERSION,
            "train": params.train.model_dump(),
            "profile": profile.model_dump(),
            "data": data_digest,
            "template": TEMPLATE,
            "torch": torch.__version__.split("+")[0],
        }
    )
    state_folder = request.states / recipe.removeprefix("sha256:")[:16]
    _make_deterministic(params.train.threads)
    tokenizer = build_tokenizer(questions, profile.vocabulary)
    model = build_model(profile, tokenizer, params.train.seed)

    def encoded(part: list[Question]) -> list[Any]:
        return encode(part, tokenizer, TEMPLATE, profile.context_tokens)

    trainer = Trainer(
        model,
        encoded(questions),
        encoded(validation),
        params.train,
        pad=int(tokenizer.pad_token_id),
        recipe=recipe,
        state_folder=state_folder,
    )
    if trainer.resume():
        on_resume(trainer.step)
    run_file = state_folder / RUN_FILE
    facts = CheckpointFacts(
        profile=params.train.profile, scoring=profile.scoring, template=TEMPLATE
    )
    with run.ending():
        run.start(
            f"train {params.train.profile} {params.train.steps} steps seed {params.train.seed}",
            {
                **{f"train.{key}": value for key, value in params.train.model_dump().items()},
                **{f"profile.{key}": value for key, value in profile.model_dump().items()},
                "questions.train": len(questions),
                "questions.validation": len(validation),
                "parameters": sum(parameter.numel() for parameter in model.parameters()),
            },
            {
                "git_commit": request.commit,
                "data_digest": data_digest,
                "profile": params.train.profile,
                "recipe": recipe,
            },
            resumed=run_file.read_text(encoding="utf-8") if run_file.is_file() else None,
        )
        write_atomically(run_file, run.run_id)
        run.log_data_card(data_card(request.questions))
        trainer.run(
            on_step,
            lambda curve: run.log_curve(curve, int(now_seconds() * 1000)),
        )
        folder = _write_checkpoint(request.out / CHECKPOINT, model, tokenizer, facts)
        digest = checkpoint_digest(folder)
        # MLflow gathers a model's files in the folder for temporary ones before sending them.
        with tensor_storage_faults(Path(tempfile.gettempdir())):
            model_uri = run.log_model(folder, digest, questions[0])
        result = TrainingResult(
            run_id=run.run_id,
            model_uri=model_uri,
            experiment=params.experiment,
            digest=digest,
            data_digest=data_digest,
            commit=request.commit,
            profile=params.train.profile,
            scoring=profile.scoring,
            seed=params.train.seed,
            steps=params.train.steps,
        )
    facts_text = json.dumps(result.model_dump(mode="json"), indent=2, sort_keys=True)
    write_atomically(request.out / "training.json", facts_text + "\n")
    _write_curve(request.out / "plots" / "training.csv", trainer)
    # Only now is the state of no more use: a kill before this line resumes at the last step.
    shutil.rmtree(state_folder)
    return result


def _make_deterministic(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)


def _write_checkpoint(target: Path, model: Any, tokenizer: Any, facts: CheckpointFacts) -> Path:
    """Save beside ``target``, then swap. Raises ``StorageFull``; the old folder stays."""
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        with tensor_storage_faults(fresh):
            fresh.mkdir(parents=True)
            model.save_pretrained(fresh)
            tokenizer.save_pretrained(fresh)
            (fresh / CHECKPOINT_FACTS_FILE).write_text(
                canonical_json(facts.model_dump()) + "\n", encoding="utf-8"
            )
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return target


def _write_curve(path: Path, trainer: Trainer) -> None:
    rows = ["step,train_loss,validation_loss,learning_rate"]
    for point in trainer.curve:
        validation = "" if point.validation_loss is None else f"{point.validation_loss:.6f}"
        rows.append(f"{point.step},{point.train_loss:.6f},{validation},{point.learning_rate:.8f}")
    write_atomically(path, "\n".join(rows) + "\n")
