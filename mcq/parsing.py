"""The letter that a written reply states, or none: never a guess.

``letter_of`` is how Proctor reads a reply, from the text that ``mcq.reply_text`` leaves of it.
What *states* the answer counts first ("The answer is (B)", "Answer: **B**", "(B) is correct",
``\\boxed{B}``; ``mcq.statements``), then what the reply comes to without naming it ("Therefore,
C.", a letter alone; ``mcq.conclusions``). The last one stands, for a model may think again
(``mcq.rethinking``). One that is denied, doubted or thought over afterwards is none, and so is
one that the reply goes on from to another letter, unless it says that it turns ("Actually, ...").
What a sentence takes back (``mcq.hedges``), letters that the question has no choice for, two
letters in one breath ("A or B") and English words ("A list") are not read. Where it can be read
in two ways, it is not read. Knows no model and no question.

Cost: linear in the reply, but for statements, each of which looks at ``WINDOW`` characters
around it. Patterns repeat nothing without a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from contracts.questions import Letter, letters_for
from mcq.conclusions import concluded
from mcq.lettered import Said
from mcq.reply_text import plain_text
from mcq.rethinking import last_turn, left_standing
from mcq.statements import heard

READER_VERSION: Final = 2
"""Counted up when the same reply may be read as another letter."""


def letter_of(reply: str, choices: int) -> Letter | None:
    """The letter that ``reply`` states for a question of ``choices`` choices, ``None`` when
    it states none. Raises nothing, whatever the text."""
    text = plain_text(reply)
    offered = {*letters_for(choices), None}
    stated, denied = heard(text)
    stated = [one for one in stated if one.letter in offered]
    drawn = [one for one in concluded(text) if one.letter in offered]
    if _leaves_several([*stated, *drawn]):
        return None
    final = _final(text, stated, drawn)
    if final is None or not left_standing(text, final.place):
        return None
    if any(one.place > final.place and one.letter in {final.letter, None} for one in denied):
        return None
    return cast("Letter | None", final.letter)


def _leaves_several(said: Sequence[Said]) -> bool:
    """Whether different letters are said of different versions of a language."""
    return len({one.letter for one in said if one.version}) > 1


def _final(text: str, stated: Sequence[Said], drawn: Sequence[Said]) -> Said | None:
    """What the reply ends with: the last statement, or what it goes on to from there;
    ``None`` where it leaves several letters."""
    last = max(stated, key=lambda one: one.place, default=None)
    if last and last.described and len({one.letter for one in stated if one.described}) > 1:
        return None
    begin = last.place if last else -1
    later = sorted((one for one in drawn if one.place > begin), key=lambda one: one.place)
    said = [last, *later] if last else later
    if not said:
        return None
    final = said[-1]
    if all(one.letter == final.letter for one in said):
        return final
    turn = last_turn(text, said[0].place, final.place)
    if turn is None:
        return None
    return final if {one.letter for one in said if one.place > turn} == {final.letter} else None
