"""Explanations on the wire: what a caller gets when it asks why.

A stream of server-sent events (HTML Living Standard, section 9.2): first ``scored`` with the
scored answer, then ``text`` for each piece that the model writes, then ``explanation`` with
all of it read, or ``problem`` (RFC 9457) if it broke off. ``event:`` is the kind, ``data:``
one JSON object of the shape that is named here.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from contracts.answers import Answer
from contracts.questions import Letter
from contracts.shape import Shape

EventKind = Literal["scored", "text", "explanation", "problem"]
MEDIA_TYPE: Final = "text/event-stream"


class ExplanationText(Shape):
    """A piece of the text, as it is written."""

    text: str


class ExplanationParts(Shape):
    """The structure that this field's users know. A part that the text does not have is
    ``None``: nothing is invented."""

    understanding: str | None = None
    analysis: dict[Letter, str] = Field(default_factory=dict)
    reasoning: str | None = None
    conclusion: str | None = None
    answer: Letter | None = None


class Explanation(Shape):
    """``text`` is all that was written; ``parts`` what could be read of it. ``parsed`` is
    false where the text has not the structure, and then ``text`` alone speaks.
    ``agrees`` compares the text's letter with the scored one, ``None`` without a letter.
    ``truncated``: the limit of tokens came first."""

    text: str
    parts: ExplanationParts
    parsed: bool
    agrees: bool | None
    truncated: bool
    scored: Answer
