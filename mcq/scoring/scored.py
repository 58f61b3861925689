"""What scoring says of one question."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from contracts.digests import digest_of_json
from contracts.questions import LETTERS, Question
from mcq.orders import Orders
from mcq.tokens import Row, Tree, tree_of

_IN_ALL_ORDERS: Final = "/cyclic"


def asked_digest(text: str, question: Question, orders: Orders = "single") -> str:
    """Of what an answer answers: ``text`` as the model reads it, the choices in its order, and
    whether they are asked in every order; the other orders' texts follow from these."""
    digest = digest_of_json([text, list(question.choices)])
    return digest + _IN_ALL_ORDERS if orders == "cyclic" else digest


def as_single(digest: str) -> str | None:
    """The digest of the same in the first order alone; ``None`` for one that is."""
    return digest.removesuffix(_IN_ALL_ORDERS) if digest.endswith(_IN_ALL_ORDERS) else None


@dataclass(frozen=True)
class Scored:
    """``log_likelihoods[i]``: nats of choice ``i`` after the prompt (its text under ``text``
    scoring, its letter under ``letter``); ``probabilities`` sum to 1. Both are empty and
    ``unscored`` says why when the question does not fit into the model's context or gives
    no finite number.

    ``option_mass``, for ``letter`` only: the probability that the model's next token is one
    of the letters in play at all, out of the whole vocabulary. Near 1 the model answers as
    it is asked; near 0 the probabilities compare what it would hardly ever write.

    ``orders[k][j]``, for ``letter`` asked in several orders only: the probability of letter
    ``j`` in order ``k`` of the choices (``mcq.orders``); ``orders[0]`` is ``probabilities``.

    ``asked``: the digest of what was asked (``asked_digest``), where the scorer gave this; no
    part of the answer, and not compared."""

    log_likelihoods: tuple[float, ...]
    probabilities: tuple[float, ...]
    unscored: str | None = None
    option_mass: float | None = None
    orders: tuple[tuple[float, ...], ...] = ()
    asked: str = field(default="", compare=False)

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
    """A question as tokens: the rows that must be read to score its ``choices``; ``digest`` of
    the text that they are made of (``asked_digest``). ``parts``: the rows that are read as one
    tree each, in order, where all of them are too many tokens for one; else none."""

    rows: tuple[Row, ...]
    choices: int
    digest: str
    parts: tuple[tuple[Row, ...], ...] = ()

    @property
    def longest(self) -> int:
        return max(row.length for row in self.rows)

    def tree(self, skipped: int) -> Tree:
        """Its rows read as one, without their first ``skipped`` tokens."""
        return tree_of([row.prompt + row.reply for row in self.rows], skipped)

    def within(self, skipped: int, tokens: int) -> Asked:
        """The same, in parts whose trees have no more than ``tokens``; a part has a row at
        least."""
        if self.tree(skipped).length <= tokens:
            return self
        parts: list[tuple[Row, ...]] = []
        for row in self.rows:
            grown = (*parts[-1], row) if parts else (row,)
            if parts and replace(self, rows=grown).tree(skipped).length <= tokens:
                parts[-1] = grown
            else:
                parts.append((row,))
        return replace(self, parts=tuple(parts))


def passes(batch: Sequence[Asked]) -> list[list[tuple[Row, ...]]]:
    """What goes through the model together, a tree of rows after the other: all, or, where a
    question is in parts, part by part. The rows stand in the batch's order."""
    if any(asked.parts for asked in batch):
        return [[part] for asked in batch for part in asked.parts or (asked.rows,)]
    return [[asked.rows for asked in batch]]


def scored_of(values: Sequence[float], *, is_letter: bool) -> Scored:
    """Softmax over the choices' log-likelihoods; unscored when one is not finite."""
    if not all(math.isfinite(value) for value in values):
        return Scored((), (), "the model gave a number that is not finite")
    top = max(values)
    weights = [math.exp(value - top) for value in values]
    total = math.fsum(weights)
    mass = min(1.0, total * math.exp(top)) if is_letter else None
    return Scored(tuple(values), tuple(weight / total for weight in weights), option_mass=mass)


def with_orders(scored: Sequence[Scored]) -> Scored:
    """The answer in the first order, which tells the probabilities of all. Unscored when an
    order is."""
    bad = next((one for one in scored if one.unscored is not None), None)
    if bad is not None:
        return bad
    if len(scored) == 1:
        return scored[0]
    return replace(scored[0], orders=tuple(one.probabilities for one in scored))
