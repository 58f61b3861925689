"""From a question to an answer, without any server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bentos.answering import Answering
from bentos.packed import CHECKPOINT_FOLDER, VERSION_FILE
from contracts.answers import AnsweredBy, AnswerRequest
from contracts.errors import DigestMismatch, QuestionNotScored
from contracts.models import VersionFacts


@pytest.fixture
def folder(tmp_path: Path, checkpoint: Path, facts: VersionFacts) -> Path:
    shutil.copytree(checkpoint, tmp_path / CHECKPOINT_FOLDER)
    (tmp_path / VERSION_FILE).write_text(facts.model_dump_json())
    return tmp_path


def test_a_changed_byte_is_not_loaded(folder: Path) -> None:
    path = folder / CHECKPOINT_FOLDER / "config.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(DigestMismatch):
        Answering.load(folder, threads=1)


def test_what_does_not_fit_is_not_answered(folder: Path) -> None:
    answering = Answering.load(folder, threads=1)
    with pytest.raises(QuestionNotScored, match="do not fit into 256"):
        answering.answer(AnswerRequest(question="x" * 1_000, choices=("a", "b")))


def test_an_answer_names_what_was_loaded(folder: Path, facts: VersionFacts) -> None:
    answering = Answering.load(folder, threads=1)
    answer = answering.answer(AnswerRequest(question="Which?", choices=("a", "b", "c")))
    assert answer.version == AnsweredBy.of(facts)
    assert list(answer.probabilities) == ["A", "B", "C"]
    assert answer.confidence == answer.probabilities[answer.letter]
