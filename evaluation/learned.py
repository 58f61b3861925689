"""What a version learned from, where it is at hand: for the contamination check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.digests import digest_of_file
from contracts.errors import BadInput
from contracts.questions import Question
from contracts.verdicts import TrainingResult
from mcq.loaders import load_questions

NO_TRAINING: Final = "no training questions were given"
TAKEN: Final = "the weights were taken as they are, and trained on no questions"
OTHERS: Final = "the training questions at hand are not those that the version learned from"


@dataclass(frozen=True)
class Learned:
    """The file of questions that a version learned from, and the digest of its bytes. It is
    read only when its questions are asked for."""

    path: Path
    digest: str

    def questions(self) -> list[Question]:
        """Raises what loaders raise."""
        return load_questions(self.path)


def find_learned(path: Path | None, training: TrainingResult) -> Learned | str:
    """The file, or why it is not what ``training`` was on: its digest decides. Raises
    ``BadInput`` for a file that cannot be read."""
    if training.method == "none":
        return TAKEN
    if path is None:
        return NO_TRAINING
    try:
        digest = digest_of_file(path)
    except OSError as error:
        raise BadInput(
            f"{path}: {error.strerror or error}.",
            mend="Name the questions that the version was trained on, or leave them out.",
        ) from error
    return Learned(path, digest) if digest == training.data_digest else OTHERS
