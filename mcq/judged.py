"""A list of the choices with a verdict on each: "A: incorrect", "- (B) 4 ✓", "C. 5 (wrong)".

It states a letter when one line is right and two or more are wrong: of two, "correct" and
"incorrect" may be the choices themselves. Reads what ``mcq.reply_text`` leaves of a reply.
"""

from __future__ import annotations

import re
from typing import Final

from mcq.lettered import LETTER, NOUN, Said, named

_LABELLED: Final = re.compile(
    rf"(?:^|(?<=\n))[ #>-]{{0,6}}{NOUN}{LETTER} ?[.):]{{0,2}} ?-? ?(?P<rest>[^\n]{{1,400}})"
)
_NO: Final = r"(?:incorrect|wrong|not (?:correct|right))"
_YES: Final = r"(?:correct|right)"


def _verdict(word: str, marks: str) -> re.Pattern[str]:
    """``word`` right behind the label, in brackets or at the end of the line, or a mark."""
    behind = rf"^(?:(?:this|it|that)(?: is|'s) |is )?{word}\b"
    return re.compile(rf"(?i)[{marks}]|{behind}|\({word}\b|[-:.,>] {word}[.!]?$")


_WRONG: Final = _verdict(_NO, "\u274c\u2717\u2718\u2716")
_RIGHT: Final = _verdict(_YES, "\u2705\u2714\u2713\u2611")


def judged(text: str) -> Said | None:
    """The one letter of a list of choices that is called right."""
    right: list[Said] = []
    wrong: set[str] = set()
    for found in _LABELLED.finditer(text):
        said_wrong, said_right = (one.search(found["rest"]) for one in (_WRONG, _RIGHT))
        if said_right and not said_wrong:
            right.append(Said(found.end(), named(found), described=True))
        elif said_wrong and not said_right:
            wrong.add(named(found))
    alone = len(right) == 1 and len(wrong - {right[0].letter}) > 1
    return right[0] if alone else None
