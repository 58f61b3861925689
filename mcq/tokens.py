"""Prompts as text and as token ids: how training and scoring write the same prompt.

Takes any tokenizer of transformers; imports none. The text comes whole from the
checkpoint's own chat template, so no special tokens are added when it is turned into ids; a
plain prompt has none of its own, and begins as the tokenizer begins a text (Llama, Mistral and
Gemma: with a token of beginning).
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


def prompt_ids(tokenizer: Any, prompts: Sequence[Prompt]) -> list[list[int]]:
    """Ids of each prompt, up to where its reply begins; all plain, or none."""
    texts = [prompt_text(tokenizer, prompt) for prompt in prompts]
    return token_ids(tokenizer, texts, plain=are_plain(prompts))


def are_plain(prompts: Sequence[Prompt]) -> bool:
    return any(isinstance(prompt, Completion) for prompt in prompts)


def token_ids(tokenizer: Any, texts: Sequence[str], *, plain: bool = False) -> list[list[int]]:
    """Ids of each text as it stands, nothing cut off; nothing added, either, unless they are
    ``plain``, no conversations: those begin with ``opening_ids``, once."""
    if not texts:
        return []
    ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    opening = opening_ids(tokenizer) if plain else []
    if not opening:
        return ids
    return [one if one[: len(opening)] == opening else opening + one for one in ids]


def rows_of(
    tokenizer: Any,
    texts: Sequence[str],
    replies: Sequence[Sequence[str]],
    *,
    plain: bool = False,
) -> list[tuple[Row, ...]]:
    """A row for each reply to each prompt, of prompt and reply encoded whole.

    A token may hold the end of the prompt and the beginning of a reply (a line's end and the
    spaces after it). The rows of a prompt part where the first of its replies does: what is
    asked for is the probability of all that follows what they and the prompt share, so that it
    is the same question for each. One call of the tokenizer.
    """
    wholes = iter(
        token_ids(
            tokenizer,
            [
                whole
                for text, own in zip(texts, replies, strict=True)
                for whole in _wholes(text, own)
            ],
            plain=plain,
        )
    )
    found: list[tuple[Row, ...]] = []
    for own in replies:
        encoded = [next(wholes) for _ in range(1 + len(own))]
        shared = shared_length(encoded)
        prompt = encoded[0][:shared]
        found.append(tuple(Row(prompt, whole[shared:]) for whole in encoded[1:]))
    return found


def _wholes(text: str, replies: Sequence[str]) -> list[str]:
    return [text, *(text + reply for reply in replies)]


def opening_ids(tokenizer: Any) -> list[int]:
    """What the tokenizer puts before a text: one token, or none. What it may put after one is
    no part of a prompt."""
    found = tokenizer("a", return_special_tokens_mask=True)
    mask: list[int] = found["special_tokens_mask"]
    return list(found["input_ids"][: mask.index(0)])
