"""A scorer for questions that come one by one, as a server's do.

A suite is known whole, so that ``Scorer.prepare`` sees what its prompts begin with. A server
does not know what it will be asked, but every prompt begins with what the template and the
checkpoint's chat template write before the question: a system message, few-shot headings.
These tokens are found once, by encoding questions that have nothing in common, and stay read
(*pinned*: their keys and values are kept by ``mcq.model``). A tokenizer may glue the end of
them to a question's beginning, so every prompt is checked to begin with them, token by token,
and one that does not is read whole. The numbers are the scorer's own either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.errors import QuestionNotScored
from contracts.questions import Question
from mcq.plans import Size, common_prefix, in_parts, like_the_first, size_of
from mcq.scorer import DEFAULT_BATCH_TOKENS, Scorer
from mcq.scoring.scored import Asked, Scored

# Nothing in common: not the stem's first character, not the code, not the choices.
_PROBES: Final = (
    Question(id="probe-1", stem="Which?", choices=("a", "b")),
    Question(id="probe-2", stem="0", code="x = 1", choices=("True", "False", "None")),
    Question(id="probe-3", stem="(what)", code="[]", choices=("-1", "{}")),
)


@dataclass(frozen=True)
class Encoded:
    """A question as tokens. ``prefix``: the pinned tokens, where its prompts begin with them,
    else none; ``size``: what is left to read after it."""

    asked: Asked
    prefix: tuple[int, ...]
    size: Size


class PinnedScorer:
    """``encode`` in one thread and ``score`` in another may run at the same time; neither by
    two threads at once.

    ``batch_tokens`` bounds the padded tokens of a pass; ``pin=False`` reads every prompt whole.
    Finding the prefix reads the weights.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        batch_tokens: int = DEFAULT_BATCH_TOKENS,
        pin: bool = True,
    ) -> None:
        self.scorer = scorer
        self.batch_tokens = batch_tokens
        self._shares = scorer.model.shares
        probes, unscored = scorer.encode(_PROBES)
        pinned = pin and self._shares and not unscored
        self.prefix: tuple[int, ...] = common_prefix(probes) if pinned else ()

    def encode(self, question: Question) -> Encoded:
        """Raises ``QuestionNotScored`` for one that does not fit into the context."""
        (asked,), unscored = self.scorer.encode([question])
        if unscored:
            raise QuestionNotScored(str(unscored[0].unscored))
        prefix = self.prefix if self._begins_with_prefix(asked) else ()
        if self._shares:
            asked = in_parts(asked, len(prefix), self.batch_tokens)
        return Encoded(asked, prefix, size_of(asked, len(prefix), shares=self._shares))

    def _begins_with_prefix(self, asked: Asked) -> bool:
        """The last token of a prompt predicts the answer, so it must be left to read."""
        pinned = list(self.prefix)
        return all(
            len(row.prompt) > len(pinned) and row.prompt[: len(pinned)] == pinned
            for row in asked.rows
        )

    def choose(self, waiting: Sequence[Encoded]) -> list[int]:
        """Which of those that wait, in the order of their arrival, go into the next pass: the
        first, and others with its prefix and of like length. Places, ascending."""
        alike = [place for place, one in enumerate(waiting) if one.prefix == waiting[0].prefix]
        sizes = [waiting[place].size for place in alike]
        chosen = like_the_first(sizes, self.batch_tokens)
        return [alike[place] for place in chosen]

    def score(self, batch: Sequence[Encoded]) -> list[Scored]:
        """A ``Scored`` for each, in order; one pass for each prefix among them."""
        found: dict[int, Scored] = {}
        for prefix in dict.fromkeys(one.prefix for one in batch):
            places = [place for place, one in enumerate(batch) if one.prefix == prefix]
            scored = self.scorer.score_encoded([batch[place].asked for place in places], prefix)
            found.update(zip(places, scored, strict=True))
        return [found[place] for place in range(len(batch))]
