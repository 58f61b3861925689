"""Conversations as tokens, the loss on the reply alone.

The whole conversation is rendered by the checkpoint's chat template and encoded once, so
that the model sees the very tokens that it would when serving; the prompt is encoded too,
and must be the beginning of the whole, token by token: only then does "after the prompt"
mean the same in training as in scoring. The reply ends with the end of turn; what a chat
template writes after that is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.errors import BadInput
from mcq.prompts import Messages
from mcq.tokens import prompt_text, token_ids
from training.batches import Example


@dataclass(frozen=True)
class Conversation:
    """What is asked and what is to be replied; ``question`` is the id, for messages."""

    question: str
    messages: Messages
    reply: str


def encode_conversations(
    conversations: Sequence[Conversation], tokenizer: Any, longest_tokens: int
) -> list[Example]:
    """An example each, in order. Raises ``BadInput``, naming the question, when it has more
    than ``longest_tokens`` tokens, when its prompt is not the beginning of the whole, or
    when the chat template does not end the reply with the tokenizer's end of turn."""
    if not conversations:
        return []

    prompts = token_ids(tokenizer, [prompt_text(tokenizer, one.messages) for one in conversations])
    wholes = token_ids(tokenizer, [_whole_text(tokenizer, one) for one in conversations])
    return [
        _example(one.question, prompt, whole, int(tokenizer.eos_token_id), longest_tokens)
        for one, prompt, whole in zip(conversations, prompts, wholes, strict=True)
    ]


def _whole_text(tokenizer: Any, one: Conversation) -> str:
    messages = [*one.messages, {"role": "assistant", "content": one.reply}]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, enable_thinking=False))


def _example(
    question: str, prompt: list[int], whole: list[int], end: int, longest_tokens: int
) -> Example:
    if whole[: len(prompt)] != prompt:
        raise BadInput(
            f"question {question}: its prompt's tokens are not the beginning of the whole"
            " conversation's: prompt and reply share a token.",
            mend="Leave the question out, or use a base whose chat template keeps them apart.",
        )
    reply = whole[len(prompt) :]
    if end not in reply:
        raise BadInput(
            f"question {question}: the base's chat template does not end a reply with the"
            " tokenizer's end of turn.",
            mend="Use an instruction-tuned base, whose template and tokenizer agree.",
        )
    # Its last occurrence: a template may write a line's end after it.
    reply = reply[: len(reply) - reply[::-1].index(end)]
    length = len(prompt) + len(reply)
    if length > longest_tokens:
        raise BadInput(
            f"question {question} has {length} tokens with its reply, more than {longest_tokens}.",
            mend="Raise finetune.batch_tokens (up to the base's context), or leave it out.",
        )
    return Example(prompt, reply)
