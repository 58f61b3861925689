"""Questions as tokens, and the order in which they are learned.

An example is a prompt and its reply; the loss is on the reply alone. A *pass* is what one
forward pass takes: examples side by side, padded, or packed into one row, where position
numbers begin anew with each example and no example sees another. The order is a pure
function of the seed, so a resumed training sees exactly the batches that an uninterrupted
one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor

from contracts.errors import BadInput
from contracts.questions import Question
from mcq.prompts import TEMPLATES

IGNORED: Final = -100
# Batches sorted by length together: enough to cut padding, few enough to stay random.
WINDOW_BATCHES: Final = 16


@dataclass(frozen=True)
class Example:
    """Token ids of one question: ``prompt``, then ``reply`` with its end of turn."""

    prompt: list[int]
    reply: list[int]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.reply)


class Inputs(NamedTuple):
    """``tokens`` and ``targets`` are (B, T); ``positions`` (B, T) where examples are packed,
    ``None`` where each has a row of its own."""

    tokens: Tensor
    targets: Tensor
    positions: Tensor | None


@dataclass(frozen=True)
class Pass:
    """The examples of one forward pass; ``packed`` into one row, or a row each."""

    examples: Sequence[Example]
    packed: bool = False

    @property
    def tokens(self) -> int:
        """Tokens that the model reads; an example's last one is only asked for."""
        return sum(example.length - 1 for example in self.examples)

    @property
    def reply_tokens(self) -> int:
        """Tokens that the loss is over."""
        return sum(len(example.reply) for example in self.examples)

    def inputs(self, pad: int) -> Inputs:
        if self.packed:
            return collate_packed(self.examples)
        return Inputs(*collate(self.examples, pad), None)


def encode(
    questions: Sequence[Question], tokenizer: Any, template: str, context_tokens: int
) -> list[Example]:
    """Examples in the order of ``questions``. Raises ``BadInput`` for an unknown template
    and for a question without an answer or longer than the context."""
    if template not in TEMPLATES:
        raise BadInput(f"there is no template {template!r}; known: {', '.join(TEMPLATES)}.")
    if not questions:
        return []
    write = TEMPLATES[template]
    prompts = [
        str(tokenizer.apply_chat_template(write(q), tokenize=False, add_generation_prompt=True))
        for q in questions
    ]
    replies = []
    for question in questions:
        if question.gold is None:
            raise BadInput(f"question {question.id} has no answer to learn from.")
        replies.append(question.choices[question.gold] + str(tokenizer.eos_token))
    prompt_ids = tokenizer(prompts, add_special_tokens=False)["input_ids"]
    reply_ids = tokenizer(replies, add_special_tokens=False)["input_ids"]
    examples = [Example(p, r) for p, r in zip(prompt_ids, reply_ids, strict=True)]
    for question, example in zip(questions, examples, strict=True):
        if example.length > context_tokens:
            raise BadInput(
                f"question {question.id} has {example.length} tokens, more than the"
                f" profile's context of {context_tokens}.",
                mend="Raise context_tokens in params.yaml or leave the question out.",
            )
    return examples


def batch_order(lengths: Sequence[int], size: int, seed: int) -> Iterator[list[int]]:
    """Batches of ``size`` indices without end: each epoch every index once, shuffled,
    neighbours of similar length within a window. ``ValueError`` without any lengths."""
    if not lengths:
        raise ValueError("there is nothing to put in order")
    window = size * WINDOW_BATCHES
    waiting: list[int] = []
    rng = Random(f"proctor-order-1:{seed}")
    while True:
        while len(waiting) < window:
            epoch = list(range(len(lengths)))
            rng.shuffle(epoch)
            waiting.extend(epoch)
        taken = sorted(waiting[:window], key=lambda place: lengths[place])
        del waiting[:window]
        batches = [taken[start : start + size] for start in range(0, window, size)]
        rng.shuffle(batches)
        yield from batches


def collate(examples: Sequence[Example], pad: int) -> tuple[Tensor, Tensor]:
    """Inputs (B, T) padded on the right and targets (B, T), ``IGNORED`` off the reply."""
    longest = max(example.length for example in examples) - 1
    tokens = torch.full((len(examples), longest), pad, dtype=torch.long)
    targets = torch.full((len(examples), longest), IGNORED, dtype=torch.long)
    for row, example in enumerate(examples):
        ids = torch.tensor(example.prompt + example.reply)
        start, stop = len(example.prompt), example.length
        tokens[row, : stop - 1] = ids[:-1]
        targets[row, start - 1 : stop - 1] = ids[start:]
    return tokens, targets


def collate_packed(examples: Sequence[Example]) -> Inputs:
    """All examples in one row (1, T), without padding. Positions begin at 0 with each: by
    that transformers makes the attention block-diagonal (``masking_utils``, packed format)."""
    parts = [collate([example], 0) for example in examples]
    return Inputs(
        torch.cat([tokens for tokens, _ in parts], dim=1),
        torch.cat([targets for _, targets in parts], dim=1),
        torch.cat([torch.arange(tokens.shape[1])[None] for tokens, _ in parts], dim=1),
    )
