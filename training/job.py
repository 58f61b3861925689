"""A training before its first step: everything checked, nothing written.

``training.from_scratch`` and ``training.finetune.prepare`` make a ``Job``;
``training.train`` carries it out inside one MLflow run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.params import Params
from contracts.questions import Question
from contracts.run_group import RunGroup
from contracts.verdicts import BaseFacts, TrainingMethod
from training.loop import Trainer


@dataclass(frozen=True)
class TrainRequest:
    """``questions``: folder with train.jsonl and validation.jsonl; ``out``: where the
    checkpoint folder and training.json go; ``home``: PROCTOR_HOME, where unfinished
    trainings and fetched base models live."""

    questions: Path
    out: Path
    home: Path
    params: Params
    tracking_uri: str
    commit: str
    group: RunGroup = field(default_factory=RunGroup)

    @property
    def states(self) -> Path:
        return self.home / "training"


@dataclass(frozen=True)
class Job:
    """``trainer`` is ``None`` where nothing is trained. ``write`` makes the checkpoint at a
    path, with all that belongs to it; ``run_name`` and ``params`` are MLflow's."""

    method: TrainingMethod
    base: BaseFacts | None
    data_digest: str
    recipe: str
    state_folder: Path
    trainer: Trainer | None
    write: Callable[[Path], object]
    run_name: str
    params: Mapping[str, Any]
    example: Question

    @property
    def steps(self) -> int:
        """Steps that made the weights which count; after the training only."""
        return self.trainer.best_step if self.trainer else 0
