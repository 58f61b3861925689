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

import hashlib
from collections.abc import Sequence
from dataclasses import replace
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


class ScoreIndex:
    """Where a file's answers stand: some hundred bytes an answer, however long that is. An answer
    is read when it is asked for; ``dropped`` counts the lines that are none."""

    def __init__(self, lines: KeptLines[Entry]) -> None:
        """Reads the whole file once, a line at a time."""
        self._lines = lines
        self.dropped = 0
        every: dict[bytes, int] = {}
        firsts: dict[bytes, int] = {}
        for place, entry in lines.placed():
            if entry is None:
                self.dropped += 1
                continue
            every[_key(entry.asked)] = place
            single = as_single(entry.asked)
            if single is None:
                continue
            if entry.unscored is None:
                firsts[_key(single)] = place
            else:  # an order that could not be scored may be another than the first
                firsts.pop(_key(single), None)
        # An answer to the first order alone comes before one to all of them.
        self._places = firsts | every

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, asked: str) -> bool:
        return _key(asked) in self._places

    def get(self, asked: str) -> Scored | None:
        """The answer to what has this digest, of two the later; ``None`` where there is none, or
        where the file was taken away since."""
        place = self._places.get(_key(asked))
        entry = None if place is None else self._lines.at(place)
        if entry is None:
            return None
        if entry.asked == asked:
            return entry.scored()
        if as_single(entry.asked) == asked and entry.unscored is None:
            return replace(entry.scored(), orders=(), asked=asked)
        return None


def _key(asked: str) -> bytes:
    return hashlib.blake2b(asked.encode(), digest_size=16).digest()


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

    def index(self) -> ScoreIndex:
        """Where every answer stands whose line is whole. An answer in every order is one in the
        first, where none was asked alone. Marks the file as used, so that pruning spares it."""
        return ScoreIndex(self._lines)

    def add(self, answers: Sequence[Scored]) -> None:
        """Append one line for each answer, all in one write. Raises ``StorageFull``, and
        ``ValueError`` for an answer that does not know what it answers."""
        self._lines.add([_entry(one) for one in answers])


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
