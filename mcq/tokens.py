"""Prompts as text and as token ids: how training and scoring write the same prompt.

Takes any tokenizer of transformers; imports none. The text comes whole from the
checkpoint's own chat template, so no special tokens are added when it is turned into ids.
``enable_thinking`` is off: templates that know it (Qwen3) then close the empty thought, and
the reply itself comes next; others do not look at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcq.prompts import Completion, Prompt


@dataclass(frozen=True)
class Row:
    """One sequence to be read: ``prompt``, and a ``reply`` whose probability is asked for."""

    prompt: list[int]
    reply: list[int]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.reply)


@dataclass(frozen=True)
class Tree:
    """Rows that begin alike, read as one: ``stem`` is what all share, ``branches[i]`` the
    rest of row ``i``. A branch attends to the stem and to itself."""

    stem: list[int]
    branches: tuple[list[int], ...]

    @property
    def length(self) -> int:
        return len(self.stem) + sum(len(branch) for branch in self.branches)

    def place(self, branch: int, position: int) -> int:
        """Where the token at ``position`` of row ``branch`` stands among the tree's."""
        if position < len(self.stem):
            return position
        return position + sum(len(other) for other in self.branches[:branch])


def shared_length(rows: Sequence[list[int]]) -> int:
    """How many tokens all rows begin with. Raises ``ValueError`` for no rows."""
    # The first and the last in dictionary order differ first.
    first, last = min(rows), max(rows)
    for place, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            return place
    return min(len(first), len(last))


def tree_of(rows: Sequence[list[int]], skipped: int) -> Tree:
    """The rows without their first ``skipped`` tokens, which somebody read already."""
    stem = shared_length(rows)
    return Tree(rows[0][skipped:stem], tuple(row[stem:] for row in rows))


def prompt_text(tokenizer: Any, prompt: Prompt) -> str:
    """What the model reads, up to where its reply begins."""
    if isinstance(prompt, Completion):
        return prompt.text
    return str(
        tokenizer.apply_chat_template(
            prompt, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    )


def reply_start(tokenizer: Any, prompt: Prompt, reply: str) -> str:
    """What stands between the end of the prompt and the end of ``reply``, when the template
    writes it as the assistant's turn: ``reply`` itself, or, as with Mistral's template, a
    space and ``reply``. A template that writes past turns otherwise than the prompt of a new
    one says nothing about it: then ``reply`` as it is."""
    if isinstance(prompt, Completion):
        return prompt.before_reply + reply
    whole = str(
        tokenizer.apply_chat_template(
            [*prompt, {"role": "assistant", "content": reply}],
            tokenize=False,
            enable_thinking=False,
        )
    )
    asked = prompt_text(tokenizer, prompt)
    end = whole.find(reply, len(asked))
    if not whole.startswith(asked) or end < 0:
        return reply
    return whole[len(asked) : end + len(reply)]


def token_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Ids of each text as it stands, nothing added and nothing cut off."""
    if not texts:
        return []
    ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return ids
