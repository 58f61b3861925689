"""The letters that a reply comes to without naming the answer: weaker than a statement.

A line that is nothing but a letter, the letter that the reply opens with, "So B.", "which is
option C", "That leaves D.", "It's B." They count where no statement does, and where the reply
went on after its statement. Where a letter is a name in the reply ("class B") a bare one may
be meant as such and is none. Reads what ``mcq.reply_text`` leaves of a reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcq import chinese
from mcq.hedges import asks, of_a_version, standing
from mcq.lettered import (
    LETTER,
    NOUN,
    SECOND,
    TAKEN_BACK,
    Said,
    end_of_letter,
    lists_choices,
    named,
    one_of,
    stands,
)

# -------------------------------------------------------------------- lines and openings

_LONE: Final = re.compile(
    rf"(?:^|(?<=\n))[ #>]{{0,8}}(?:-+>? ?)?(?P<between>{NOUN}){LETTER} ?[.):!]{{0,2}} ?(?=\n|$)"
)
_OPENING: Final = re.compile(rf"\s?\n?(?P<between>{NOUN}){LETTER}(?!:(?! (?i:because|since|as)\b))")
# "Option C: 12" and "C: 12" are all of a reply; "A: it is so" may be the first of all choices.
_ONE_LINE: Final = re.compile(
    rf"\s?(?P<between>(?:(?i:option|choice) |(?=[(\u00ab]?[B-J]))){LETTER}: (?!(?i:in)?correct)"
    r"[^\n]{1,80}$"
)
# What makes of the letter that a reply opens with a subject, or one of a row.
_GOES_ON: Final = re.compile(
    r"[.)]? ?(?:\([A-J]\)|(?:is|are|was|would|can|could|may|might|seems?|has|does)\b)"
)
_LISTING: Final = re.compile(r"(?:^|(?<=\n)) ?[-(]{0,2}([A-J])\)?(?:[.):] | \()\S")


def _lines(text: str) -> Iterator[Said]:
    """Lines that are nothing but a letter, when one is the first or the last: amid other
    lines it may be of a drawing or a table."""
    lines = list(_LONE.finditer(text))
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if any(one.start() <= begin or one.end() >= end for one in lines):
        for found in lines:
            yield Said(end_of_letter(found), named(found))


def _opening(text: str) -> Iterator[Said]:
    """The letter that the reply opens with; other choices that are listed below make it none."""
    whole = _ONE_LINE.match(text)
    found = whole or _OPENING.match(text)
    if not found:
        return
    end = end_of_letter(found)
    if whole is None and (not stands(found) or TAKEN_BACK.match(text, end)):
        return
    if _GOES_ON.match(text, end) or SECOND.match(text, end) or lists_choices(found):
        return
    letter = named(found)
    yield Said(end, letter)
    if set(_LISTING.findall(text)) - {letter}:
        yield Said(end, None)


# --------------------------------------------------------------------------- sentences

_BEGINS: Final = r"(?:^|(?<=[\n.,:;!] )|(?<=\n))"
_CLOSES: Final = r"(?= ?(?:[.;!](?!\w)|$|\n|,? ?(?:because|since|not)\b))"
# The last words, but for a reason.
_ENDS: Final = r"(?=\)?[.!]? ?$|,? ?(?:because|since|not|as)\b[^.\n]{0,200}[.!]? ?$)"


def _then(*before: str, noun: str = NOUN, after: str = _CLOSES) -> re.Pattern[str]:
    """A letter, its ``noun`` before it, behind any of ``before`` and in front of ``after``."""
    return re.compile(f"(?i:{one_of(*before)})(?P<between>{noun}){LETTER}{after}")


_RESULT: Final = r"the (?:output|result|solution|(?:printed |return(?:ed)? )?value)(?: is|:) "
_SO: Final = _then(
    r"\b(?:so|thus|therefore|hence|consequently|(?:in )?conclusion|overall|in short),?:? "
    rf"(?:(?:it|this|that)(?:'s| is| must be| has to be) |{_RESULT}"
    r"|(?:we|i) (?:get|have|choose|pick|select) )?",
    r"\bi (?:think|believe) (?:that )?(?:it is |it's )?",
    r"\b(?:leaves|leaving)(?: us with)?(?: only)? ",
    r"\bbut rather ",
    r"\b(?:no,? )?wait,? (?:no,? )?(?:it(?:'s| is) )?",
    rf"{_BEGINS}(?:yes|no|sorry|actually|ok|okay|correction|or rather|rather|make that|i mean),? "
    r"(?:it(?:'s| is) )?",
    rf"{_BEGINS}after (?:re-?)?\w{{3,12}}ing[^.\n:,]{{0,40}}[:,] (?:it(?:'s| is) )?",
)
_SURELY: Final = _then(
    rf"(?:{_BEGINS}|\b(?:it|this|that|answer|option|choice)"
    r"(?:'s| is| must be| has to be| can only be)? )"
    r"(?:definitely|certainly|clearly|surely|obviously|must be|has to be|can only be) "
)
_POINTS_TO: Final = _then(
    r"\b(?:corresponds? to|match(?:es)?|which is|this is|that is|leads to|points to|given by"
    r"|it is|it's|i\.e\.|namely|(?:this|that|which) (?:gives|yields)),? ",
    chinese.CORRESPONDS,
    noun=rf"(?i:(?:the )?(?:correct )?(?:option|choice|letter|answer) ?:? ?)|{chinese.OPTION}",
)
# "The best completion is (C)", "The only option that fixes it is B", "15 (option B)".
_RIGHT_CODE: Final = _then(
    r"\b(?:correct|right|best|proper|likely|appropriate) (?:code )?"
    r"(?:completion|code|fix|repair|snippet|implementation)(?: is| would be|:) ",
    after=r"(?= ?(?:[.:;!](?!\w)|$|\n))",
)
_DOES: Final = one_of(
    *("match", "describ", "fit", "correspond", "complet", "satisf", "fix", "solv", "answer", "work")
)
_THAT_DOES: Final = _then(
    r"\b(?:only (?:option|choice|one) (?:that|which)"
    rf"|(?:the|code|option|choice) (?:that|which) (?:correctly |best )?{_DOES})"
    r"(?![^.,;:\n?]{0,80}\b(?:exclu|eliminat|rul|wrong|incorrect|fail|invalid|not\b))"
    r"[^.,;:\n?]{1,80} is "
)
_IN_BRACKETS: Final = _then(
    r"\((?=option|choice|answer)", noun=NOUN.removesuffix("?"), after=r"\)(?=[.!]? ?(?:\n|$))"
)
_FIELD: Final = _then(
    r"(?:^|(?<=\n))(?:my |final )?(?:solution|choice|option|selection|response|verdict|conclusion)"
    " ?[:=] ?"
)
_NOT_BUT: Final = _then(rf"(?:n't|\bnot) {NOUN}(?:\([A-J]\)|(?-i:[A-J])),? but (?:rather )?")
# "it prints 4, which is B": of what was printed, not of what a name stands for.
_VALUE_IS: Final = _then(r"(?<=[\d\]}\"'\u00a4]),? (?:which is|that is,|i\.e\.,?) ")
_IT_IS: Final = (
    r"(?:it|that)(?:'s| is| should be| must be| has to be) "
    r"(?:actually |really |indeed |clearly )?"
)
# Said of something in the middle of a reply, of the answer where it opens or closes with it.
_OPENS_WITH: Final = _then(rf"^\s?{_IT_IS}")
_ENDS_WITH: Final = _then(rf"(?:{_BEGINS}|\bbut ){_IT_IS}", after=_ENDS)
_LAST_SENTENCE: Final = _then(r"(?<=[.!?;] )(?<![.:] (?-i:[A-J])\. )", after=r"(?=[.!]? ?$)")
# "O(n) -> (B)" at the end; "(A) -> (B)" is a path.
_ARROW: Final = _then(
    r"(?<=[\w\])\u00a4'\"] )(?<!\((?-i:[A-J])\) )(?<!\b(?-i:[A-J]) )-> ?",
    noun=rf"{NOUN}(?=\()",
    after=r"(?=[.!]? ?$)",
)
_SENTENCES: Final = (
    *(_SO, _SURELY, _POINTS_TO, _RIGHT_CODE, _THAT_DOES, _IN_BRACKETS, _FIELD, _NOT_BUT),
    *(_VALUE_IS, _OPENS_WITH, _ENDS_WITH, _LAST_SENTENCE, _ARROW),
)

# What makes a letter a name in the reply, or a text of the program.
_NAMED: Final = one_of(
    *("class", "subclass", "superclass", "parent", "child", "instance of", "object", "function"),
    *("method", "variable", "thread", "process", "node", "table", "type", "module", "server"),
    *("set", "point", "vertex", "list", "array", "column", "string", "matrix", "register", "key"),
    *("letters?", "character", r"print\w*", "printed is", "outputs", "returns", "displays"),
    *("gives", "yields", "equals", "times"),
)
_NAMES: Final = re.compile(
    rf"(?i:(?:\b{_NAMED}|=) )[(\u00ab]?([A-J])(?![\w'])"
    r"|(?<!leads )(?<!corresponds )(?<!correspond )\b(?:to|from|by|into|via|in) ([A-J])(?![\w'])"
    r"|(?<![\w(])([A-J])(?:'s\b|\.[a-z_]|[(\[][^)\]]"
    r"| (?:is|are) (?:a|an|the) (?!(?i:correct|right|best|answer|only)))"
)


def _sentences(text: str) -> Iterator[Said]:
    names = {one for found in _NAMES.findall(text) for one in found if one}
    for pattern in _SENTENCES:
        for found in pattern.finditer(text):
            noun = found["between"]
            quoted = found["quoted"] and not noun
            name = found["bare"] in names and not noun
            end = end_of_letter(found)
            if quoted or name or SECOND.match(text, end) or asks(text, end):
                continue
            if standing(text, found.start(), found.start()) == "stated":
                yield Said(end, named(found), version=of_a_version(text, found.start()))


def concluded(text: str) -> list[Said]:
    """What the reply comes to; in no order."""
    return [*_opening(text), *_lines(text), *_sentences(text)]
