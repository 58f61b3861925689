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
from mcq.prompts import Template
from mcq.scoring.scored import Asked, Scored, scored_of
from mcq.tokens import Row, prompt_text, reply_start, token_ids

_PROBE: Final = Question(id="probe", stem="Which?", choices=tuple(f"choice {c}" for c in LETTERS))


@dataclass(frozen=True)
class LetterTokens:
    """``lead``: tokens that stand before every letter, mostly none; ``letters[i]``: the
    token of letter ``i``, all ten distinct."""

    lead: tuple[int, ...]
    letters: tuple[int, ...]


def letter_tokens(tokenizer: Any, template: Template) -> LetterTokens:
    """Raises ``ValueError`` when a letter is not one token of its own after the prompt."""
    messages = template(_PROBE)
    prompt = prompt_text(tokenizer, messages)
    (before,) = token_ids(tokenizer, [prompt])
    written = token_ids(
        tokenizer, [prompt + reply_start(tokenizer, messages, letter) for letter in LETTERS]
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

    def __init__(self, model: LanguageModel, template: Template) -> None:
        """Raises ``ValueError`` for a tokenizer whose letters are no tokens."""
        self._model = model
        self._template = template
        self._tokens = letter_tokens(model.tokenizer, template)

    def encode(self, questions: Sequence[Question]) -> list[Asked]:
        tokenizer = self._model.tokenizer
        prompts = token_ids(
            tokenizer, [prompt_text(tokenizer, self._template(q)) for q in questions]
        )
        lead = list(self._tokens.lead)
        return [
            Asked((Row(prompt + lead, []),), len(question.choices))
            for question, prompt in zip(questions, prompts, strict=True)
        ]

    def score(self, batch: Sequence[Asked]) -> list[Scored]:
        prompts = [row.prompt for asked in batch for row in asked.rows]
        nats = self._model.next_log_probabilities(prompts, self._tokens.letters)
        return [
            scored_of(values[: asked.choices], is_letter=True)
            for asked, values in zip(batch, nats, strict=True)
        ]
