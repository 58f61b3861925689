"""``text``: the likelihood of each choice's text after the prompt.

Each choice is written after the prompt and encoded with it, whole. The log-probabilities of
its tokens and of the end of turn are summed, and a softmax over the sums gives the
probability that the model writes this choice, given that it writes one of them (the "cloze"
form of GPT-3's evaluation, arXiv:2005.14165, section 2.4). The end-of-turn token belongs to
the sum, else "ab" could never lose to its own prefix "a". Costs one row of tokens a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.questions import Question
from mcq.model import LanguageModel
from mcq.orders import Orders
from mcq.prompts import PromptWriter
from mcq.scoring.scored import Asked, Scored, asked_digest, passes, scored_of
from mcq.tokens import are_plain, prompt_text, rows_of


class TextScoring:
    """Scores by the text of the choices."""

    def __init__(self, tokenizer: Any, write: PromptWriter) -> None:
        """Raises ``ValueError`` for a tokenizer without an end of turn."""
        self._tokenizer = tokenizer
        self._write = write
        if not tokenizer.eos_token:
            raise ValueError("its tokenizer has no end of turn (eos_token)")
        self._end = str(tokenizer.eos_token)

    def digests(
        self,
        questions: Sequence[Question],
        shots: Sequence[Question],
        orders: Orders,  # noqa: ARG002  # no choice is shown, so none has a place
    ) -> list[str]:
        return [
            asked_digest(prompt_text(self._tokenizer, self._write(one, shots)), one)
            for one in questions
        ]

    def encode(
        self,
        questions: Sequence[Question],
        shots: Sequence[Question],
        orders: Orders,  # noqa: ARG002
    ) -> list[Asked]:
        prompts = [self._write(question, shots) for question in questions]
        texts = [prompt_text(self._tokenizer, prompt) for prompt in prompts]
        rows = rows_of(
            self._tokenizer,
            texts,
            [[choice + self._end for choice in question.choices] for question in questions],
            plain=are_plain(prompts),
        )
        return [
            Asked(own, len(own), asked_digest(text, question))
            for own, text, question in zip(rows, texts, questions, strict=True)
        ]

    def score(
        self, model: LanguageModel, batch: Sequence[Asked], prefix: Sequence[int]
    ) -> list[Scored]:
        sums = (
            one for trees in passes(batch) for one in model.reply_log_likelihoods(trees, prefix)
        )
        return [
            scored_of([next(sums) for _ in range(asked.choices)], is_letter=False)
            for asked in batch
        ]
