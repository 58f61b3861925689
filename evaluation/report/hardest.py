"""The questions that a version was wrong on, as they were asked: text, then lettered choices with
the right one and the answered one marked, by words as well as by colour."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.questions import LETTERS
from contracts.reports import HardQuestion
from evaluation.page import escaped, heading, paragraph, share

RIGHT = "right"
ANSWERED = "answered"


def hardest_questions(questions: Sequence[HardQuestion]) -> str:
    """One block a question, in their order."""
    return "".join(map(_block, questions))


def _block(one: HardQuestion) -> str:
    category = f"{one.category}. " if one.category else ""
    told = f"Answered {one.letter}; {one.gold} is right and had {share(one.gold_probability)}."
    stem = "" if one.stem is None else f'<div class="asked">{escaped(one.stem)}</div>\n'
    return (
        f"<article>{heading(one.id)}{paragraph(f'{category}{told}')}{stem}{_choices(one)}"
        "</article>\n"
    )


def _choices(one: HardQuestion) -> str:
    """Nothing where the report does not have them."""
    rows = [
        _choice(letter, text, {one.gold: RIGHT, one.letter: ANSWERED}.get(letter))
        for letter, text in zip(LETTERS, one.choices, strict=False)
    ]
    return f'<ul class="choices">{"".join(rows)}</ul>\n' if rows else ""


def _choice(letter: str, text: str, mark: str | None) -> str:
    marked = "" if mark is None else f"<em>{mark}</em>"
    kind = "" if mark is None else f' class="{mark}"'
    return f"<li{kind}><b>{letter}.</b><span>{escaped(text)}</span>{marked}</li>\n"
