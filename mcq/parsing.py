"""The letter that a written reply states, or none: never a guess.

``letter_of`` is how Proctor reads a reply, from the text that ``mcq.reply_text`` leaves of it. A
letter counts where the reply *states* it ("The answer is (B)", "Answer: **B**", "(B) is
correct", ``\\boxed{B}``); of several statements the last one stands, for a model may think
again. Without a statement a letter alone on the first or last line, the letter that the reply
opens with and conclusions ("Therefore, C.") count when they are all the same. What a sentence
takes back ("if", "doubt", "some think"), letters that the question has no choice for, two
letters in one breath ("A or B") and English words ("A list") are not read; a statement that is
denied or doubted afterwards is none. Where it can be read in two ways, it is not read. Knows no
model and no question.

Cost: linear in the reply, but for statements, each of which looks at ``WINDOW`` characters
around it. Patterns repeat nothing without a bound.
"""

from __future__ import annotations

import re
from typing import Final, cast

from contracts.questions import Letter, letters_for
from mcq.hedges import standing
from mcq.lettered import LETTER, NOUN, SECOND, TAKEN_BACK, lists_choices, named, stands
from mcq.reply_text import plain_text
from mcq.statements import asks, heard

# ---------------------------------------------------------------- letters without a statement

_LONE: Final = re.compile(
    rf"(?:^|(?<=\n))[ #>]{{0,8}}(?:-+>? ?)?(?P<between>{NOUN}){LETTER} ?[.):!]{{0,2}} ?(?=\n|$)"
)
_OPENING: Final = re.compile(rf"\s?\n?(?P<between>{NOUN}){LETTER}(?!:)")
# What makes of the letter that a reply opens with a subject, or one of a row.
_GOES_ON: Final = re.compile(
    r"[.)]? ?(?:\([A-J]\)|(?:is|are|was|would|can|could|may|might|seems?|has|does)\b)"
)
_LISTING: Final = re.compile(r"(?:^|(?<=\n)) ?[-(]{0,2}([A-J])\)?[.)] \S")
_CLOSES: Final = r"(?= ?(?:[.;!](?!\w)|$|\n|,? ?(?:because|since|not)\b))"
_SO: Final = re.compile(
    r"(?i:\b(?:so|thus|therefore|hence|consequently|in conclusion|conclusion|overall|in short),?:? "
    r"(?:(?:it|this|that)(?:'s| is| must be| has to be) |the (?:output|result|solution"
    r"|(?:printed |return(?:ed)? )?value)(?: is|:) |(?:we|i) (?:get|have|choose|pick|select) )?"
    r"|\bi (?:think|believe) (?:that )?(?:it is |it's )?)"
    rf"(?P<between>{NOUN}){LETTER}{_CLOSES}"
)
_SURELY: Final = re.compile(
    r"(?i:(?:^|(?<=[\n.,;:!] )|(?<=\n)|\b(?:it|this|that|answer|option|choice)(?:'s| is| must be"
    r"| has to be"
    r"| can only be)? )(?:definitely|certainly|clearly|surely|obviously|must be|has to be"
    r"|can only be) )"
    rf"(?P<between>{NOUN}){LETTER}{_CLOSES}"
)
_POINTS_TO: Final = re.compile(
    r"(?i:\b(?:corresponds? to|match(?:es)?|which is|this is|that is|leads to|points to|given by"
    r"|leaves|leaving"
    r"|it is|it's) )(?P<between>(?i:(?:the )?(?:correct )?(?:option|choice|letter|answer) ?:? ?))"
    rf"{LETTER}{_CLOSES}"
)
_FIELD: Final = re.compile(
    r"(?:^|(?<=\n))(?i:(?:my |final )?(?:solution|choice|option|selection|response|verdict"
    r"|conclusion)"
    rf" ?[:=] ?)(?P<between>{NOUN}){LETTER}{_CLOSES}"
)


def _unstated(text: str, letters: str) -> str | None:
    """The letter of the lines that are nothing else, of conclusions, and the one that the
    reply opens with, if it is one and the same; listed choices of other letters make it none."""
    lines = list(_LONE.finditer(text))
    # Amid other lines a letter may be of a drawing or a table.
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    outer = any(one.start() <= begin or one.end() >= end for one in lines)
    lone = {named(found) for found in lines} if outer else set()
    for pattern in (_SO, _SURELY, _POINTS_TO, _FIELD):
        for found in pattern.finditer(text):
            quoted = found["quoted"] and not found["between"]
            if quoted or SECOND.match(text, found.end()) or asks(text, found.end()):
                continue
            if standing(text, found.start(), found.start()) == "stated":
                lone.add(named(found))
    opening = _OPENING.match(text)
    if opening and stands(opening) and not TAKEN_BACK.match(text, opening.end()):
        if _GOES_ON.match(text, opening.end()):
            return None
        if SECOND.match(text, opening.end()) or lists_choices(opening):
            return None
        letter = named(opening)
        lone |= {letter} | (set() if letter in lone else set(_LISTING.findall(text)))
    lone &= set(letters)
    return lone.pop() if len(lone) == 1 else None


# --------------------------------------------------------------------- whole replies

_THINKS_AGAIN: Final = re.compile(
    r"(?i)(?:^|(?<=[.!,;\n])|(?<=[.!,;\n] ))(?:(?:but|oh|ah|or),? )?"
    r"(?:wait(?=[,.!:;-]| no\b| but\b| -|$)|hold on\b|hmm|no[,.]|or rather\b|rather,|make that\b"
    r"|i mean\b|on second thoughts?\b|scratch that|correction\b|oops\b"
    r"|let me (?:double|think again|re-?(?:check|consider|think|evaluate|examine|calculate"
    r"|compute|do|read|trace|view))"
    r"|i (?:was|am|may be|might be) (?:wrong|mistaken)|i made (?:a|an) (?:mistake|error)"
    r"|actually,? (?:it|the answer|that|i|no|wait)\b)"
)
_TAKES_BACK_NEXT: Final = re.compile(
    r"\)?[.!;,]? ?\n{0,2}(?i:(?:but |no, |well, )?(?:that|this|it|which)(?:'s| is| was) "
    r"(?:wrong|incorrect|not (?:right|correct)))"
)


def letter_of(reply: str, choices: int) -> Letter | None:
    """The letter that ``reply`` states for a question of ``choices`` choices, ``None`` when
    it states none. Raises nothing, whatever the text."""
    text = plain_text(reply)
    letters = letters_for(choices)
    stated, denied = heard(text)
    offered = [one for one in stated if one.letter is None or one.letter in letters]
    if offered:
        last = max(offered, key=lambda one: one.place)
        place, letter = last.place, last.letter
        rivals = {one.letter for one in offered if one.described}
        if last.described and len(rivals) > 1:
            return None
        if _THINKS_AGAIN.search(text, place) or _TAKES_BACK_NEXT.match(text, place):
            return None
    else:
        place, letter = 0, _unstated(text, letters)
    if any(one.place > place and one.letter in {letter, None} for one in denied):
        return None
    return cast("Letter | None", letter)
