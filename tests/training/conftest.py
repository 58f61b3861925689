from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.questions import Question
from contracts.verdicts import TrainingResult
from tests.training.making import COMMIT, draw_questions, make_params, write_questions

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

# Long enough that a signal at the first saved state comes long before the end.
STEPS = 300


@dataclass(frozen=True)
class Trained:
    """A training that nobody disturbed, and where it wrote."""

    out: Path
    states: Path
    result: TrainingResult


@pytest.fixture(scope="session")
def bank() -> list[Question]:
    return draw_questions(seed=3, count=56)


@pytest.fixture(scope="session")
def questions_folder(bank: list[Question], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train.jsonl with 48 questions and validation.jsonl with 8."""
    return write_questions(tmp_path_factory.mktemp("bank") / "questions", bank[:48], bank[48:])


@pytest.fixture(scope="session")
def trained(
    mlflow_server: str, questions_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """The tiny profile trained for ``STEPS`` steps, logged in the real MLflow."""
    from training.train import TrainRequest, train

    home = tmp_path_factory.mktemp("trained")
    request = TrainRequest(
        questions=questions_folder,
        out=home / "out",
        home=home,
        params=make_params("undisturbed", steps=STEPS),
        tracking_uri=mlflow_server,
        commit=COMMIT,
    )
    result = train(request, now_seconds=lambda: 1_700_000_000.0)
    return Trained(request.out, request.states, result)
