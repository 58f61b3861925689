"""``text``: the likelihood of each choice's text after the prompt.

Each choice is written after the prompt, the log-probabilities of its tokens and of the end
of turn are summed, and a softmax over the sums gives the probability that the model writes
this choice, given that it writes one of them (the "cloze" form of GPT-3's evaluation,
arXiv:2005.14165, section 2.4). The end-of-turn token belongs to the sum, else "ab" could
never lose to its own prefix "a". Costs one row of tokens a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.questions import Question
from mcq.model import LanguageModel
from mcq.orders import Orders
from mcq.prompts import PromptWriter
from mcq.scoring.scored import Asked, Scored, scored_of
from mcq.tokens import Row, prompt_text, token_ids


class TextScoring:
    """Scores by the text of the choices."""

    def __init__(self, tokenizer: Any, write: PromptWriter) -> None:
        """Raises ``ValueError`` for a tokenizer without an end of turn."""
        self._tokenizer = tokenizer
        self._write = write
        if not tokenizer.eos_token:
            raise ValueError("its tokenizer has no end of turn (eos_token)")
        self._end = str(tokenizer.eos_token)

    def encode(
        self,
        questions: Sequence[Question],
        shots: Sequence[Question],
        orders: Orders,  # noqa: ARG002  # no choice is shown, so none has a place
    ) -> list[Asked]:
        prompts = token_ids(
            self._tokenizer,
            [prompt_text(self._tokenizer, self._write(q, shots)) for q in questions],
        )
        texts = [choice + self._end for question in questions for choice in question.choices]
        replies = iter(token_ids(self._tokenizer, texts))
        return [
            Asked(tuple(Row(prompt, next(replies)) for _ in q.choices), len(q.choices))
            for q, prompt in zip(questions, prompts, strict=True)
        ]

    def score(
        self, model: LanguageModel, batch: Sequence[Asked], prefix: Sequence[int]
    ) -> list[Scored]:
        sums = iter(model.reply_log_likelihoods([asked.rows for asked in batch], prefix))
        return [
            scored_of([next(sums) for _ in range(asked.choices)], is_letter=False)
            for asked in batch
        ]
