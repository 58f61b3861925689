"""A reply that a model wrote to a question: a line of ``replies.jsonl`` and
``explanations.jsonl``, beside the records of an evaluation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.questions import Letter
from contracts.shape import Shape


class WrittenReply(Shape):
    """``letter``: what ``mcq.parsing.letter_of`` reads, ``None`` for a reply that states none.
    ``published``: what CodeMMLU's own rules read, for its prompts only. ``ended``: by its end
    of turn, cut where it began a question of its own, or by the limit. Without a ``text``
    nothing was written, and ``unanswered`` says why."""

    id: str
    text: str | None
    tokens: int = Field(ge=0)
    ended: Literal["end", "stop", "length"] | None
    letter: Letter | None
    published: str | None = None
    unanswered: str | None = None
