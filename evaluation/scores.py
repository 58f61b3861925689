"""Scores that were computed once: one append-only file for each way of scoring.

A file is named by the digest of all that decides a number beside the question (weights,
tokenizer, template, precision, scorer version, shots), so that a changed byte of weights looks
into another file. A line is one question's answer under the digest of its content and a
checksum of its own. Lines are appended batch by batch, whole, under a lock: whatever kills an
evaluation leaves what it scored, and two of them at once do no harm. A line that is torn or
altered is dropped and counted, never believed.

A batch is in the kernel's hands when ``add`` returns, not on the disk: a power cut may cost the
last batches, which are then scored again. Knows no model and no suite.

Source: open(2), O_APPEND; flock(2), released when its process ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from contracts.digests import canonical_json, digest_of_json
from contracts.files import storage_faults
from contracts.questions import Question
from contracts.shape import Shape
from mcq.loaders import questions_digest
from mcq.orders import Orders
from mcq.scoring.scored import Scored

SCORES_FOLDER: Final = "scores"
_HEX_DIGITS_OF_CHECKSUM: Final = 16


class Entry(Shape):
    """One line, less its checksum: an answer under its question's digest; the numbers are
    those of ``mcq.scorer.Scored``."""

    question: str
    log_likelihoods: tuple[float, ...]
    probabilities: tuple[float, ...]
    unscored: str | None
    option_mass: float | None
    orders: tuple[tuple[float, ...], ...]

    def scored(self) -> Scored:
        return Scored(
            self.log_likelihoods,
            self.probabilities,
            self.unscored,
            self.option_mass,
            self.orders,
        )


@dataclass(frozen=True)
class Found:
    """What a file holds: answers by question's digest, and how many lines were dropped."""

    answers: dict[str, Scored] = field(default_factory=dict)
    dropped: int = 0


def content_digest(question: Question, orders: Orders) -> str:
    """Of what a model is shown of a question, and in which orders; not of its id or answer."""
    return digest_of_json([question.stem, question.code, list(question.choices), orders])


class ScoreStore:
    """The answers of one ``identity`` (the digest of a ``mcq.scorer.ScorerIdentity``), shown
    ``shots``, below ``folder``. Nothing is made or read before it is asked for."""

    def __init__(self, folder: Path, identity: str, shots: Sequence[Question] = ()) -> None:
        name = identity
        if shots:
            name = digest_of_json([name, questions_digest(shots)])
        self.path = folder / f"{name.removeprefix('sha256:')}.jsonl"

    def read(self) -> Found:
        """Every answer whose line is whole; of two for one question the later. Marks the file
        as used, so that pruning spares it."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return Found()
        os.utime(self.path)
        answers: dict[str, Scored] = {}
        dropped = 0
        for line in data.split(b"\n"):
            if not line:
                continue
            entry = _entry_of(line)
            if entry is None:
                dropped += 1
            else:
                answers[entry.question] = entry.scored()
        return Found(answers, dropped)

    def add(self, digests: Sequence[str], answers: Sequence[Scored]) -> None:
        """Append one line for each answer, all in one write. Raises ``StorageFull``."""
        lines = "".join(_line(*pair) for pair in zip(digests, answers, strict=True)).encode()
        with storage_faults(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    # Somebody was cut off within a line: ours must not become its end.
                    lines = b"\n" + lines
                while lines:
                    lines = lines[os.write(handle, lines) :]
            finally:
                os.close(handle)


def _line(digest: str, scored: Scored) -> str:
    entry = Entry(
        question=digest,
        log_likelihoods=scored.log_likelihoods,
        probabilities=scored.probabilities,
        unscored=scored.unscored,
        option_mass=scored.option_mass,
        orders=scored.orders,
    )
    text = canonical_json(entry.model_dump(mode="json"))
    return f'{{"checksum":"{_checksum(text)}","entry":{text}}}\n'


def _entry_of(line: bytes) -> Entry | None:
    """The entry of a line; ``None`` for one that is not, to the byte, as it was written."""
    try:
        found = json.loads(line)
        entry = Entry.model_validate(found["entry"])
        whole = _line(entry.question, entry.scored()).encode() == line + b"\n"
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError):
        return None
    return entry if whole else None


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HEX_DIGITS_OF_CHECKSUM]
