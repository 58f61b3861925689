"""One training, whole: questions in, checkpoint folder and ``training.json`` out.

By ``profile.source`` it is a training from scratch or a fine-tuning; either is prepared
and checked before the first step (MLflow answers, the questions are good, the base is
there), then carried out inside one MLflow run. The checkpoint folder is swapped in at the
end; until then the one that stood there stays. Time and commit are arguments. Among
several processes only the main one logs and writes.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch

from contracts.errors import Refused
from contracts.files import write_atomically
from contracts.params import ScratchProfile
from contracts.verdicts import TrainingResult
from mcq.checkpoint import checkpoint_digest
from training import from_scratch
from training.data_card import data_card
from training.devices import Accelerated, Devices, OneDevice, launched_processes
from training.finetune import prepare as finetune
from training.job import Job, TrainRequest
from training.loop import Trainer
from training.storage import tensor_storage_faults
from training.tracking import TrainingRun

__all__ = ["TrainRequest", "make_deterministic", "train"]

CHECKPOINT: Final = "checkpoint"
RUN_FILE: Final = "run_id"


def train(
    request: TrainRequest,
    *,
    now_seconds: Callable[[], float],
    on_step: Callable[[int], None] = lambda _step: None,
    on_resume: Callable[[int], None] = lambda _step: None,
) -> TrainingResult:
    """Train, log and write. Raises ``TrackingAway``, ``BadInput``, ``StorageFull``; a state
    that was saved before the error is resumed by the next call with the same recipe."""
    make_deterministic(request.params.train.threads)
    devices = _devices(request)
    if not devices.main:
        job = _prepared(request, devices)
        if job.trainer:
            job.trainer.resume()
            job.trainer.run()
        return devices.told_by_main(None)  # type: ignore[return-value]  # the main one's result
    run = TrainingRun(request.tracking_uri, request.params.experiment, request.group)
    job = _prepared(request, devices)
    if job.trainer and job.trainer.resume():
        on_resume(job.trainer.step)
    with run.ending():
        _start(run, job, request)
        if job.trainer:
            job.trainer.run(on_step, lambda curve: run.log_curve(curve, int(now_seconds() * 1000)))
        result = _finish(run, job, request)
    text = json.dumps(result.model_dump(mode="json"), indent=2, sort_keys=True)
    write_atomically(request.out / "training.json", text + "\n")
    _write_curve(request.out / "plots" / "training.csv", job.trainer)
    # Only now is the state of no more use: a kill before this line resumes at the last step.
    shutil.rmtree(job.state_folder)
    return devices.told_by_main(result)


def make_deterministic(threads: int) -> None:
    """The same numbers again on the same machine, from this many threads."""
    torch.set_num_threads(threads)
    # cuBLAS asks for it: docs.nvidia.com/cuda/cublas, "Results reproducibility".
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)


def _devices(request: TrainRequest) -> Devices:
    profile = request.params.profiles[request.params.train.profile]
    if not isinstance(profile, ScratchProfile):
        return Accelerated()
    if launched_processes() > 1:
        raise Refused(
            f"profile {request.params.train.profile} is trained from scratch by one process,"
            f" and {launched_processes()} were launched.",
            mend="Run `proctor train` without a launcher.",
        )
    return OneDevice()


def _prepared(request: TrainRequest, devices: Devices) -> Job:
    profile = request.params.profiles[request.params.train.profile]
    if isinstance(profile, ScratchProfile):
        return from_scratch.prepare(request, profile)
    return finetune.prepare(request, devices)


def _start(run: TrainingRun, job: Job, request: TrainRequest) -> None:
    """Begin the run, or go on in the one that a killed training began."""
    run_file = job.state_folder / RUN_FILE
    tags = {
        "git_commit": request.commit,
        "data_digest": job.data_digest,
        "profile": request.params.train.profile,
        "recipe": job.recipe,
        "method": job.method,
    }
    if job.base:
        tags |= {"base_digest": job.base.digest}
        tags |= {f"base.{key}": value for key, value in job.base.origin.items()}
    resumed = run_file.read_text(encoding="utf-8") if run_file.is_file() else None
    run.start(job.run_name, job.params, tags, resumed=resumed)
    write_atomically(run_file, run.run_id)
    run.log_data_card(data_card(request.questions))


def _finish(run: TrainingRun, job: Job, request: TrainRequest) -> TrainingResult:
    """Write the checkpoint and log it as a model."""
    params = request.params
    folder = request.out / CHECKPOINT
    job.write(folder)
    digest = checkpoint_digest(folder)
    # MLflow gathers a model's files in the folder for temporary ones before sending them.
    with tensor_storage_faults(Path(tempfile.gettempdir())):
        model_uri = run.log_model(folder, digest, job.example)
    return TrainingResult(
        run_id=run.run_id,
        model_uri=model_uri,
        experiment=params.experiment,
        digest=digest,
        data_digest=job.data_digest,
        commit=request.commit,
        profile=params.train.profile,
        scoring=params.profiles[params.train.profile].scoring,
        seed=params.train.seed,
        steps=job.steps,
        method=job.method,
        base=job.base,
    )


def _write_curve(path: Path, trainer: Trainer | None) -> None:
    """The curve without what the clock says: equal trainings write equal bytes."""
    rows = ["step,train_loss,validation_loss,learning_rate"]
    for point in trainer.curve if trainer else ():
        train, validation = (
            "" if loss is None else f"{loss:.6f}"
            for loss in (point.train_loss, point.validation_loss)
        )
        rows.append(f"{point.step},{train},{validation},{point.learning_rate:.8f}")
    write_atomically(path, "\n".join(rows) + "\n")
