"""``letter``: the probability of each choice's letter as the next token after the prompt.

The prompt shows the choices by their letters; one row a question is read, its last place
alone is projected onto the vocabulary, and a softmax over the letters in play gives each
choice's probability, as in MMLU's evaluation (arXiv:2009.03300, section 4).

Which token is a letter: the one that the checkpoint's own tokenizer writes for it right
after the prompt, where its chat template puts a reply ("A" after ChatML's line break, " A"
after Mistral's bracket). A tokenizer that writes a letter in several tokens, or two letters
alike, cannot be scored so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.questions import LETTERS, Question
from mcq.model import LanguageModel
from mcq.orders import Orders, rotated, rotations
from mcq.prompts import PromptWriter
from mcq.scoring.scored import Asked, Scored, asked_digest, passes, scored_of, with_orders
from mcq.tokens import Row, are_plain, prompt_ids, prompt_text, reply_start, token_ids

_PROBE: Final = Question(id="probe", stem="Which?", choices=tuple(f"choice {c}" for c in LETTERS))


@dataclass(frozen=True)
class LetterTokens:
    """``lead``: tokens that stand before every letter, mostly none; ``letters[i]``: the
    token of letter ``i``, all ten distinct."""

    lead: tuple[int, ...]
    letters: tuple[int, ...]


def letter_tokens(tokenizer: Any, write: PromptWriter) -> LetterTokens:
    """Raises ``ValueError`` when a letter is not one token of its own after the prompt."""
    asked = write(_PROBE, ())
    prompt = prompt_text(tokenizer, asked)
    (before,) = prompt_ids(tokenizer, [asked])
    written = token_ids(
        tokenizer,
        [prompt + reply_start(tokenizer, asked, letter) for letter in LETTERS],
        plain=are_plain([asked]),
    )
    if any(ids[: len(before)] != before for ids in written):
        raise ValueError("its tokenizer glues a letter to the end of the prompt")
    replies = [ids[len(before) :] for ids in written]
    lead = _shared_start(replies)
    letters = [reply[len(lead) :] for reply in replies]
    for letter, ids in zip(LETTERS, letters, strict=True):
        if len(ids) != 1:
            raise ValueError(f"its tokenizer writes the letter {letter} in {len(ids)} tokens")
    firsts = tuple(ids[0] for ids in letters)
    if len(set(firsts)) != len(firsts):
        raise ValueError("its tokenizer writes two letters alike")
    return LetterTokens(tuple(lead), firsts)


def _shared_start(replies: Sequence[list[int]]) -> list[int]:
    """The tokens that all replies begin with, never the whole of one."""
    shortest = min(len(reply) for reply in replies)
    shared = 0
    while shared < shortest - 1 and len({reply[shared] for reply in replies}) == 1:
        shared += 1
    return replies[0][:shared]


class LetterScoring:
    """Scores by the letters of the choices."""

    def __init__(self, tokenizer: Any, write: PromptWriter) -> None:
        """Raises ``ValueError`` for a tokenizer whose letters are no tokens."""
        self._tokenizer = tokenizer
        self._write = write
        self._tokens = letter_tokens(tokenizer, write)

    def digests(
        self, questions: Sequence[Question], shots: Sequence[Question], orders: Orders
    ) -> list[str]:
        return [
            asked_digest(prompt_text(self._tokenizer, self._write(one, shots)), one, orders)
            for one in questions
        ]

    def encode(
        self, questions: Sequence[Question], shots: Sequence[Question], orders: Orders
    ) -> list[Asked]:
        counts = [len(rotations(question, orders)) for question in questions]
        prompts = [
            self._write(rotated(question, order), shots)
            for question, count in zip(questions, counts, strict=True)
            for order in range(count)
        ]
        texts = [prompt_text(self._tokenizer, prompt) for prompt in prompts]
        encoded = token_ids(self._tokenizer, texts, plain=are_plain(prompts))
        lead = list(self._tokens.lead)
        found: list[Asked] = []
        first = 0
        for question, count in zip(questions, counts, strict=True):
            rows = tuple(Row(ids + lead, []) for ids in encoded[first : first + count])
            digest = asked_digest(texts[first], question, orders)
            found.append(Asked(rows, len(question.choices), digest))
            first += count
        return found

    def score(
        self, model: LanguageModel, batch: Sequence[Asked], prefix: Sequence[int]
    ) -> list[Scored]:
        nats = (
            one
            for trees in passes(batch)
            for one in model.next_log_probabilities(trees, self._tokens.letters, prefix)
        )
        return [
            with_orders(
                [scored_of(next(nats)[: asked.choices], is_letter=True) for _ in asked.rows]
            )
            for asked in batch
        ]
