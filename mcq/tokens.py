"""Chat messages as text and as token ids: how training and scoring write the same prompt.

Takes any tokenizer of transformers; imports none. The text comes whole from the
checkpoint's own chat template, so no special tokens are added when it is turned into ids.
``enable_thinking`` is off: templates that know it (Qwen3) then close the empty thought, and
the reply itself comes next; others do not look at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcq.prompts import Messages


@dataclass(frozen=True)
class Row:
    """One sequence to be read: ``prompt``, and a ``reply`` whose probability is asked for."""

    prompt: list[int]
    reply: list[int]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.reply)


def prompt_text(tokenizer: Any, messages: Messages) -> str:
    """The conversation so far, up to where the model's reply begins."""
    return str(
        tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    )


def reply_start(tokenizer: Any, messages: Messages, reply: str) -> str:
    """What stands between the end of the prompt and the end of ``reply``, when the template
    writes it as the assistant's turn: ``reply`` itself, or, as with Mistral's template, a
    space and ``reply``. A template that writes past turns otherwise than the prompt of a new
    one says nothing about it: then ``reply`` as it is."""
    whole = str(
        tokenizer.apply_chat_template(
            [*messages, {"role": "assistant", "content": reply}],
            tokenize=False,
            enable_thinking=False,
        )
    )
    prompt = prompt_text(tokenizer, messages)
    end = whole.find(reply, len(prompt))
    if not whole.startswith(prompt) or end < 0:
        return reply
    return whole[len(prompt) : end + len(reply)]


def token_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Ids of each text as it stands, nothing added and nothing cut off."""
    if not texts:
        return []
    ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return ids
