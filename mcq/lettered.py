"""How a letter is written in a reply, and what around it makes it a word or one of several.

A letter is ``(B)``, ``«B»`` or a bare B, as ``mcq.reply_text`` writes them. A bare one needs
something after it that ends a phrase, or it is a word ("A list") or part of a name ("C++").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, cast

from mcq import chinese


def one_of(*forms: str) -> str:
    """The pattern of any of ``forms``, which are patterns, the first that fits."""
    return f"(?:{'|'.join(forms)})"


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
_GOES_ON_ABOUT_IT: Final = one_of(
    *("because", "since", "as", "which", "and", "or", "but", "so", "due to", "given", "based on"),
    *("though", "not", "here"),
)
# What may follow a letter without brackets: the end, a mark that ends a phrase, or words that
# go on about it. Else it is a word ("A list") or part of a name ("C++", "B.append").
_ENDS: Final = re.compile(
    r" ?(?:$|\n|[.,;:!](?!\w)|[)}]|(?<= )(?:-+>?|\()(?=[ \w\u00a4])"
    rf"|(?i:{_GOES_ON_ABOUT_IT})\b|{chinese.BECAUSE})"
)
_UNLESS: Final = one_of("if", "unless", "assuming", "provided", "depending")
# What takes a letter back right after it; in small letters, for "(C) When a client ..." is the
# choice's text. "B, when you call it, the list grows" goes on with a reason.
TAKEN_BACK: Final = re.compile(
    rf"\)? ?(?:\?|,? ?(?:(?:but )?(?:only )?{_UNLESS}\b|or\b"
    r"|is (?:a |an )?(?:common |wrong|incorrect|not|false|mistake)|would be (?:wrong|incorrect))"
    r"|(?:,? but )?(?:only )?when\b|, (?:only )?when\b(?![^.,;\n]{1,80},))"
)
_LISTED: Final = re.compile(r"[^\n]{0,400}\n{1,2} ?[-*]? ?\(?[A-J]\)?[.):]")


@dataclass(frozen=True)
class Said:
    """A letter that is stated, denied or concluded at its place, or several at once (``None``).

    ``described``: as in "B is correct", which may be said of more than one. ``version``: as in
    "In Python 2, the answer is B", which says nothing of other versions.
    """

    place: int
    letter: str | None
    described: bool = False
    version: bool = False


def named(found: re.Match[str]) -> str:
    return cast("str", found["round"] or found["quoted"] or found["bare"])


def end_of_letter(found: re.Match[str]) -> int:
    return max(found.end("round"), found.end("quoted"), found.end("bare"))


def stands(found: re.Match[str]) -> bool:
    """Whether the letter at the end of a match is one, not a word or a part of a name."""
    text, end = found.string, found.end()
    if found["round"]:
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
