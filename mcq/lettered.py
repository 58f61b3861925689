"""How a letter is written in a reply, and what around it makes it a word or one of several.

A letter is ``(B)``, ``«B»`` or a bare B, as ``mcq.reply_text`` writes them. A bare one needs
something after it that ends a phrase, or it is a word ("A list") or part of a name ("C++").
"""

from __future__ import annotations

import re
from typing import Final, cast

LETTER: Final = (
    r"(?:\((?P<round>[A-J])\)|\u00ab(?P<quoted>[A-J])\u00bb|(?<![\w\\])(?P<bare>[A-J])(?![\w'+#]))"
)
ANY_LETTER: Final = re.sub(r"\?P<\w+>", "?:", LETTER)
NOUN: Final = r"(?:(?i:(?:the )?(?:option|choice|letter|answer)) ?:? ?)?"
_AND: Final = r"(?:/|&|\+|,? ?(?i:and|or|then|and then)\b)"
# "A or B", "A, B and C", "A and also B".
SECOND: Final = re.compile(
    rf"\)? ?(?:{_AND} ?(?i:(?:maybe|perhaps|possibly|also|even|both|it is|it's) )?{NOUN}"
    rf"{ANY_LETTER}(?! ?(?i:is|are|was|would|has|does|do)\b)"
    rf"|, ?{NOUN}{ANY_LETTER} ?(?:[,.]|$|\n|(?i:and|or)\b))"
)
# What may follow a letter without brackets: the end, a mark that ends a phrase, or words that
# go on about it. Else it is a word ("A list") or part of a name ("C++", "B.append").
_ENDS: Final = re.compile(
    r" ?(?:$|\n|[.,;:!](?!\w)|\)|(?<= )(?:-+>?|\()(?=[ \w\u00a4])"
    r"|(?i:because|since|as|which|and|or|but|so|due to|given|based on|though|not)\b|\u56e0)"
)
# What takes a letter back right after it; in small letters, for "(C) When a client ..." is the
# choice's text.
TAKEN_BACK: Final = re.compile(
    r"\)? ?(?:\?|,? ?(?:(?:but )?(?:only )?(?:if|unless|when|assuming|provided|depending)\b"
    r"|or\b|is (?:a |an )?(?:common |wrong|incorrect|not|false|mistake)|would be (?:wrong"
    r"|incorrect)))"
)
_LISTED: Final = re.compile(r"[^\n]{0,400}\n{1,2} ?[-*]? ?\(?[A-J]\)?[.):]")


def named(found: re.Match[str]) -> str:
    return cast("str", found["round"] or found["quoted"] or found["bare"])


def stands(found: re.Match[str]) -> bool:
    """Whether the letter at the end of a match is one, not a word or a part of a name."""
    text, end = found.string, found.end()
    if not found["bare"]:
        return True
    # "B) 42": a bracket that was never opened closes a letter, not a word.
    if text.startswith(")", end):
        return True
    if found["bare"] == "I" and not re.compile(r"[.:]? ?(?:$|\n)").match(text, end):
        return False
    return _ENDS.match(text, end) is not None


def lists_choices(found: re.Match[str]) -> bool:
    """Whether the letter begins a list of all choices: "Answer: A) 1 B) 2"."""
    after = found.string[found.end() : found.end() + 400]
    labels = f"{chr(ord(named(found)) + 1)}{chr(ord(named(found)) + 2)}"
    # A full stop ends sentences, too: it takes two more of them.
    bracketed = re.match(rf"\)[^\n]* \(?{labels[0]}\)", after)
    dotted = re.match(rf"[.:][^\n]*? {labels[0]}[.:][^\n]*? {labels[1]}[.:]", after)
    below = "\n" in (found["between"] or "") and _LISTED.match(after)
    return any((bracketed, dotted, below))
