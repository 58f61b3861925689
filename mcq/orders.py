"""The same question with its choices in another order: what a letter's answer must survive.

An *order* is a rotation: place ``j`` of order ``k`` holds choice ``(j + k) % n``. Over the
``n`` of them every choice stands once at every letter (the cyclic permutations of PriDe,
arXiv:2309.03882, section 4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

from contracts.questions import LETTERS, Question

Orders = Literal["single", "cyclic"]
"""``single``: as the question stands; ``cyclic``: in every rotation of its choices."""

_Any = TypeVar("_Any")


def rotations(question: Question, orders: Orders) -> range:
    """The orders that a question is asked in, the first as it stands."""
    return range(len(question.choices) if orders == "cyclic" else 1)


def rotated(question: Question, order: int) -> Question:
    """The question with its choices in this order, its answer and proofs along with them."""
    if order == 0:
        return question
    gold, proof = question.gold, question.proof
    changes = {
        "choices": _turned(question.choices, order),
        "misconceptions": _turned(question.misconceptions, order),
        "answer": None if gold is None else LETTERS[(gold - order) % len(question.choices)],
        "proof": proof
        and proof.model_copy(
            update={
                "sources": _turned(proof.sources, order),
                "printed": _turned(proof.printed, order),
            }
        ),
    }
    return question.model_copy(update=changes)


def choice_at(place: int, order: int, choices: int) -> int:
    """Which choice stands at ``place`` of an order."""
    return (place + order) % choices


def _turned(parts: Sequence[_Any], order: int) -> tuple[_Any, ...]:
    return (*parts[order:], *parts[:order])
