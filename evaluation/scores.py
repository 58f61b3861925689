"""Scores that were computed once: one append-only file for each way of scoring.

A file is named by the digest of all that decides a number beside the question (weights,
tokenizer, template, precision, scorer version, shots), so that a changed byte of weights looks
into another file. A line (``evaluation.kept_lines``) is one answer under the digest of what the
model was asked, the prompt's text as it was read (``mcq.scoring.scored.asked_digest``): a chat
template that writes the day's date asks something else tomorrow, and is not answered from here.
What was asked in every order of the choices was asked in the first, too. Knows no model and no
suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from contracts.digests import digest_of_json
from contracts.questions import Question
from contracts.shape import Shape
from evaluation.kept_lines import KeptLines
from mcq.loaders import questions_digest
from mcq.scoring.scored import Scored, as_single

SCORES_FOLDER: Final = "scores"


class Entry(Shape):
    """One line, less its checksum: an answer under the digest of what was ``asked``; the numbers
    are those of ``mcq.scorer.Scored``."""

    asked: str
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
            self.asked,
        )


@dataclass(frozen=True)
class Found:
    """What a file holds: answers by the digest of what was asked, and how many lines were
    dropped."""

    answers: dict[str, Scored] = field(default_factory=dict)
    dropped: int = 0


class ScoreStore:
    """The answers of one ``identity`` (the digest of a ``mcq.scorer.ScorerIdentity``), shown
    ``shots``, below ``folder``. Nothing is made or read before it is asked for."""

    def __init__(self, folder: Path, identity: str, shots: Sequence[Question] = ()) -> None:
        self._folder, self._identity = folder, identity
        name = identity
        if shots:
            name = digest_of_json([name, questions_digest(shots)])
        self.path = folder / f"{name.removeprefix('sha256:')}.jsonl"
        self._lines = KeptLines(self.path, Entry)

    def showing(self, shots: Sequence[Question]) -> ScoreStore:
        """The answers of the same identity after ``shots``, in a file of their own."""
        return ScoreStore(self._folder, self._identity, shots)

    def read(self) -> Found:
        """Every answer whose line is whole; of two to one question the later. An answer in every
        order is one in the first, where none was asked alone. Marks the file as used, so that
        pruning spares it."""
        answers: dict[str, Scored] = {}
        dropped = 0
        for entry in self._lines.read():
            if entry is None:
                dropped += 1
            else:
                answers[entry.asked] = entry.scored()
        return Found(_firsts(answers) | answers, dropped)

    def add(self, answers: Sequence[Scored]) -> None:
        """Append one line for each answer, all in one write. Raises ``StorageFull``, and
        ``ValueError`` for an answer that does not know what it answers."""
        self._lines.add([_entry(one) for one in answers])


def _firsts(answers: Mapping[str, Scored]) -> dict[str, Scored]:
    """The answers in every order, as those in the first alone."""
    found: dict[str, Scored] = {}
    for asked, scored in answers.items():
        single = as_single(asked)
        # An order that could not be scored may be another than the first.
        if single is not None and scored.unscored is None:
            found[single] = replace(scored, orders=(), asked=single)
    return found


def _entry(scored: Scored) -> Entry:
    if not scored.asked:
        raise ValueError("an answer that does not know what it answers cannot be kept")
    return Entry(
        asked=scored.asked,
        log_likelihoods=scored.log_likelihoods,
        probabilities=scored.probabilities,
        unscored=scored.unscored,
        option_mass=scored.option_mass,
        orders=scored.orders,
    )
