"""What scoring says of one question."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.questions import LETTERS
from mcq.tokens import Row


@dataclass(frozen=True)
class Scored:
    """``log_likelihoods[i]``: nats of choice ``i`` after the prompt (its text under ``text``
    scoring, its letter under ``letter``); ``probabilities`` sum to 1. Both are empty and
    ``unscored`` says why when the question does not fit into the model's context or gives
    no finite number.

    ``option_mass``, for ``letter`` only: the probability that the model's next token is one
    of the letters in play at all, out of the whole vocabulary. Near 1 the model answers as
    it is asked; near 0 the probabilities compare what it would hardly ever write."""

    log_likelihoods: tuple[float, ...]
    probabilities: tuple[float, ...]
    unscored: str | None = None
    option_mass: float | None = None

    @property
    def choice(self) -> int | None:
        """Index of the most probable choice, the lowest on a tie; ``None`` if unscored."""
        if not self.probabilities:
            return None
        return self.probabilities.index(max(self.probabilities))

    @property
    def letter(self) -> str | None:
        return None if self.choice is None else LETTERS[self.choice]

    @property
    def confidence(self) -> float | None:
        return max(self.probabilities) if self.probabilities else None


@dataclass(frozen=True)
class Asked:
    """A question as tokens: the rows that must be read to score its ``choices``."""

    rows: tuple[Row, ...]
    choices: int

    @property
    def longest(self) -> int:
        return max(row.length for row in self.rows)


def scored_of(values: Sequence[float], *, is_letter: bool) -> Scored:
    """Softmax over the choices' log-likelihoods; unscored when one is not finite."""
    if not all(math.isfinite(value) for value in values):
        return Scored((), (), "the model gave a number that is not finite")
    top = max(values)
    weights = [math.exp(value - top) for value in values]
    total = math.fsum(weights)
    mass = min(1.0, total * math.exp(top)) if is_letter else None
    return Scored(tuple(values), tuple(weight / total for weight in weights), option_mass=mass)
