"""``proctor train``: from questions to a checkpoint and an MLflow run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

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
    """Train the profile of params.yaml; a killed training goes on where it was saved."""
    # Before torch is imported: a typing error is told at once.
    params = load_params(path)
    from proctor.commit import current_commit
    from proctor.interruption import sigterm_interrupts
    from proctor.run_group import read_run_group
    from training.train import TrainRequest, train

    settings = read_settings()
    request = TrainRequest(
        questions=questions,
        out=out,
        states=settings.home / "training",
        params=params,
        tracking_uri=settings.tracking_uri,
        commit=current_commit(),
        group=read_run_group(),
    )
    with (
        sigterm_interrupts() as interruption,
        Progress("training", params.train.steps, "steps") as progress,
    ):
        result = train(
            request,
            now_seconds=time.time,
            on_step=interruption.checked(progress.to),
            on_resume=lambda step: note(f"going on from step {step} of {params.train.steps}"),
        )
    note(f"checkpoint {out / 'checkpoint'} {result.digest[:19]} in MLflow run {result.run_id}")
