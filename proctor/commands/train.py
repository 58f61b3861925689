"""``proctor train``: from questions to a checkpoint and an MLflow run."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from contracts.params import Params, ScratchProfile
from proctor.output import note
from proctor.params import DEFAULT_PATH, load_params
from proctor.progress import Progress
from proctor.settings import read_settings


def train(
    questions: Annotated[
        Path, typer.Option("--questions", help="Folder with train.jsonl and validation.jsonl.")
    ] = Path("data/questions"),
    out: Annotated[Path, typer.Option("--out", help="Folder for checkpoint and result.")] = Path(
        "out"
    ),
    path: Annotated[Path, typer.Option("--params", help="The parameters.")] = DEFAULT_PATH,
) -> None:
    """Train or fine-tune the profile of params.yaml; a killed one goes on where it was saved."""
    # Before torch is imported: a typing error is told at once.
    params = load_params(path)
    from proctor.commit import current_commit
    from proctor.interruption import sigterm_interrupts
    from proctor.run_group import read_run_group
    from training.devices import is_main_process
    from training.train import TrainRequest, train

    settings = read_settings()
    request = TrainRequest(
        questions=questions,
        out=out,
        home=settings.home,
        params=params,
        tracking_uri=settings.tracking_uri,
        commit=current_commit(),
        group=read_run_group(),
    )
    steps = _steps(params)
    # Of several processes the main one alone speaks.
    main = is_main_process()
    bar = Progress("training", steps, "steps") if main else nullcontext()
    with sigterm_interrupts() as interruption, bar as progress:
        result = train(
            request,
            now_seconds=time.time,
            on_step=interruption.checked(progress.to if progress else lambda _step: None),
            on_resume=lambda step: note(f"going on from step {step} of {steps}"),
        )
    if main:
        note(
            f"checkpoint {out / 'checkpoint'} {result.digest[:19]} of {result.steps} steps in"
            f" MLflow run {result.run_id}"
        )


def _steps(params: Params) -> int:
    """Optimizer steps at most: ``train``'s from scratch, else ``finetune``'s."""
    if isinstance(params.profiles[params.train.profile], ScratchProfile):
        return params.train.steps
    return 0 if params.finetune.method == "none" else params.finetune.steps
