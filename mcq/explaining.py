"""An explanation: whether a version can write one, how it is asked for, and how it is read.

A version that was trained from nothing cannot: it has never seen a letter or a sentence. Where
that is not recorded, ``text`` scoring stands for it, which is how such a model is scored. What
was written is read by ``mcq.explanation_text``; what cannot be read stays a text.
"""

from __future__ import annotations

from typing import Any

from contracts.answers import Answer
from contracts.errors import CannotWrite
from contracts.explanations import Explanation, ExplanationParts
from contracts.models import VersionFacts
from contracts.questions import Question
from mcq.explanation_text import parts_of, stated_letter
from mcq.generating import NEVER_WROTE, STREAMED_BY, checked_prompt


def check_explains(facts: VersionFacts) -> None:
    """Raises ``CannotWrite`` for a version that has never learned to write."""
    from_scratch = facts.scoring == "text" if facts.from_scratch is None else facts.from_scratch
    if from_scratch:
        raise CannotWrite("explain", NEVER_WROTE)


def explanation_prompt(tokenizer: Any, question: Question) -> str:
    """What the model reads. Raises ``CannotWrite`` where the checkpoint's chat template is
    missing or fails."""
    return checked_prompt(
        tokenizer, STREAMED_BY, question, "explain", mend="Ask for the answer alone."
    )


def explanation(text: str, scored: Answer, *, truncated: bool) -> Explanation:
    """What ``text``, written about the question of ``scored``, holds. Raises nothing,
    whatever the text."""
    choices = len(scored.probabilities)
    parts = parts_of(text, choices)
    letter = stated_letter(text, parts, choices)
    return Explanation(
        text=text,
        parts=parts or ExplanationParts(),
        parsed=parts is not None,
        agrees=None if letter is None else letter == scored.letter,
        truncated=truncated,
        scored=scored,
    )
