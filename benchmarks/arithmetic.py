"""The least work that scoring needs, and so how much faster one way can be than another.

A token that goes through the layers costs as many multiplications as they have weights; one
that is projected onto the vocabulary, ``vocabulary x width`` more. Attention and everything
but matrix products is left out: it is small at some hundred tokens. A harness that reads
whole prompts runs every token of each and projects each; a scorer that knows what prompts
share runs that once and projects a question's last position alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Work:
    """``tokens`` through the layers, ``projected`` of them onto the vocabulary."""

    tokens: int
    projected: int

    def __add__(self, other: Work) -> Work:
        return Work(self.tokens + other.tokens, self.projected + other.projected)

    def multiplications(self, layers: int, head: int) -> int:
        """``layers``: weights of the layers, ``head``: weights of the output embedding."""
        return self.tokens * layers + self.projected * head


@dataclass(frozen=True)
class Ceiling:
    """How many times the second work is in the first: by tokens, and by multiplications."""

    tokens_ratio: float
    multiplications_ratio: float


def ceiling(theirs: Work, ours: Work, *, layers: int, head: int) -> Ceiling:
    return Ceiling(
        theirs.tokens / ours.tokens,
        theirs.multiplications(layers, head) / ours.multiplications(layers, head),
    )


def weights_of(model: Any) -> tuple[int, int]:
    """Weights of the layers, and of the head, of a causal language model of transformers."""
    head = model.get_output_embeddings().weight
    embedding = model.get_input_embeddings().weight
    outside = {id(head), id(embedding)}
    layers = sum(p.numel() for p in model.parameters() if id(p) not in outside)
    return layers, head.numel()
