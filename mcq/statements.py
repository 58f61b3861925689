"""The letters that a reply states, and those that it denies or doubts.

A statement names the answer ("The answer is (B)", "Answer: B", ``\\boxed{B}``, "I choose B") or
describes a choice ("(B) is correct"). What its sentence says of it decides whether it counts
(``mcq.hedges``). Reads what ``mcq.reply_text`` leaves of a reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mcq.hedges import WINDOW, standing
from mcq.lettered import ANY_LETTER, LETTER, NOUN, SECOND, TAKEN_BACK, lists_choices, named, stands

_SUBJECT: Final = (
    r"(?:(?i:\b(?:the|my|final|correct|right|(?<!second )(?<!next )best|true|actual|only"
    r"|expected|so|thus|therefore|hence|then"
    r"|and|that|(?<=question)'s|(?<=problem)'s"
    r"|(?<!least )(?:likely|suitable|appropriate|accurate)) )"
    r"|(?:^|(?<=[\n.,:;!>(-])) ?(?:(?i:the|my|final|correct|right|best) ){0,3})"
    r"(?i:(?:answers?|ans)(?: (?:choice|option|letter|key))?\b"
    r"|(?<=correct )(?:option|choice|letter|one|statement|solution)\b"
    r"|(?<=right )(?:option|choice|letter|one|statement)\b"
    r"|(?<=best )(?:option|choice|letter|one|statement)\b"
    r"|(?:(?<=my )|(?<=final ))(?:choice|pick|selection|option)\b)"
    r"(?i: (?:to|for|of|among|from|out of) (?:the|this|that|your|these|all"
    r"|question)\b[^.;:,\n?]{0,60}?"
    r"| here| in this case|, (?:then|therefore|thus|in short|in conclusion),)?"
)
_ADVERB: Final = (
    r"(?i:(?:therefore|thus|then|hence|clearly|indeed|probably|most likely|likely|definitely"
    r"|certainly|surely|obviously|simply|actually|in fact|still|now|also|given by"
    r"|as follows)\b,? ?)?"
)
_VERB: Final = (
    r"(?i: ?(?:\b(?:is|was found to be|must be|has to be|should be|would be|will be|can only be"
    r"|seems to be"
    r"|appears to be|turns out to be)(?![\w-])|->|=>|={1,2}|:-|:|-{1,2}(?= )|\.(?= ?[A-J]\b)))"
    rf"[ \n:]{{0,4}}{_ADVERB}"
    r"(?i:(?:(?:i|we) (?:think|believe|choose|pick|select|would say|'d say) )?(?:it(?:'s| is"
    r"| must be) )?)"
)
_ANSWER_IS: Final = re.compile(rf"{_SUBJECT}(?P<between>{_VERB}{NOUN}){LETTER}")
_ANSWER_OF: Final = re.compile(
    rf"(?:^|(?<=\n))(?i:(?:the )?(?:final |correct )?answer) ?(?P<between>{NOUN})"
    rf"(?=[(\u00ab]){LETTER} ?(?=[.!\n]|$)"
)
_UNDER_HEADING: Final = re.compile(
    rf"(?:^|(?<=\n))[ #]{{0,8}}(?i:(?:the )?(?:final |correct )?answer) ?#{{0,6}}\n"
    rf"(?P<between>\n? ?){LETTER}"
)
_CHINESE: Final = re.compile(
    r"(?:\u7b54\u6848 ?(?:\u662f|\u4e3a|\u9009)?|\u6545\u9009) ?:? ?"
    rf"(?P<between>(?:\u9009\u9879 ?)?){LETTER}"
)
_CHOSEN: Final = re.compile(
    r"(?i:\b(?:I(?:'ll|'d| will| would|'m| am)?|(?:we|let's|let us)(?=[\w ]{3,20} (?:option"
    r"|choice|answer)\b)) (?:therefore |thus |would |will )?"
    r"(?:choose|chose|pick|picked|select|selected|go with|going with|settle on|say)"
    rf"(?: that)? (?:it is |it's )?)(?P<between>{NOUN}){LETTER}"
)
_BOXED: Final = re.compile(rf"\\f?boxed ?\{{ ?{LETTER} ?(?:\}}|[.):](?=[ }}]))")
_RIGHT: Final = (
    r"(?i:(?:the |also |therefore |clearly |thus |indeed |definitely |only |most \w{1,20} |best "
    r"|correct |right |likely ){0,4}(?:correct|right|best|(?:option|choice|answer)))(?![\w-])"
)
_IS_RIGHT: Final = re.compile(
    rf"(?<![\w(\[\"'`.\u00a4])(?P<named>{NOUN}){LETTER},? "
    rf"(?i:is|must be|has to be|seems to be|appears to be) {_RIGHT}"
    r"(?! ?\?|,? (?i:if|when|for|unless|only|except|about|that|in|of|under|assuming|provided|to|but"
    r"|however|although|though)\b)"
)
_IS_WRONG: Final = re.compile(
    rf"{LETTER} (?i:(?:is|was|seems|looks|must be|would be|can|could)(?: \w{{1,20}})?"
    r"(?:n't| not)? (?:be )?(?:wrong|incorrect|false|invalid)\b"
    r"|(?:is|was|seems|looks|can|could)(?:n't| not|not) (?:be )?(?:the )?(?:correct|right|best"
    r"|valid|answer)\b)"
)
_IS_NOT: Final = re.compile(
    rf"{_SUBJECT} ?(?i:(?:is|was|can|could|would|should)(?:n't| not|not)(?: be)?"
    rf"|:? ?not) {NOUN}{LETTER}"
)
# "B is also correct", "B is correct, too".
_AMONG_OTHERS: Final = re.compile(r"(?i)[A-J]\)?,? is also\b|correct,? (?:too|as well)\b")
# A bare letter is a subject at the start of a phrase only: "Thread A is right" is not of it.
_PHRASE: Final = re.compile(
    r"(?i)(?:^|[.!:,;\n>-] ?|\b(?:so|thus|therefore|hence|then|that|think|believe|and|but|only) )$"
)
_LETTERS_BEFORE: Final = re.compile(
    rf"{ANY_LETTER} ?(?:,|/|&|(?i:,? ?(?:and|or|nor)\b)) ?$|(?i:\b(?:neither|either|both)) ?$"
)


@dataclass(frozen=True)
class Heard:
    """A statement at its place: of ``letter``, or of several at once (``None``).
    ``described``: as in "B is correct", which may be said of more than one."""

    place: int
    letter: str | None
    described: bool = False


def heard(text: str) -> tuple[list[Heard], list[Heard]]:
    """What is stated, and what is denied or doubted; in no order."""
    stated: list[Heard] = []
    denied: list[Heard] = []
    for found in _candidates(text):
        one = Heard(found.end(), named(found), described=found.re is _IS_RIGHT)
        among = _AMONG_OTHERS.search(text, found.start(), found.end() + len(" as well"))
        if among or SECOND.match(text, found.end()):
            one = Heard(found.end(), None)
        elif TAKEN_BACK.match(text, found.end()):
            continue
        said = standing(text, found.start(), found.end())
        if said == "stated" and not asks(text, found.end()):
            stated.append(one)
        elif said == "doubted":
            denied.append(one)
    for pattern in (_IS_WRONG, _IS_NOT):
        denied += [
            Heard(found.end(), named(found))
            for found in pattern.finditer(text)
            if standing(text, found.start(), found.start()) != "idle"
        ]
    return stated, denied


def _candidates(text: str) -> Iterator[re.Match[str]]:
    """Matches that state a letter, but for what their sentences say of them."""
    for pattern in (_ANSWER_IS, _ANSWER_OF, _UNDER_HEADING, _CHINESE, _CHOSEN):
        for found in pattern.finditer(text):
            if stands(found) and not lists_choices(found):
                yield found
    yield from _BOXED.finditer(text)
    for found in _IS_RIGHT.finditer(text):
        before = text[max(0, found.start() - WINDOW) : found.start()]
        subject = not found["bare"] or found["named"] or _PHRASE.search(before)
        if subject and not _LETTERS_BEFORE.search(before):
            yield found


def asks(text: str, place: int) -> bool:
    """Whether the sentence that goes on at ``place`` is a question."""
    end = re.compile(r"[.!;](?= |$)|\n|\?").search(text, place, place + WINDOW)
    return end is not None and end[0] == "?"
