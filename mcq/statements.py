"""The letters that a reply states, and those that it denies or doubts.

A statement names the answer ("The answer is (B)", "Answer: B", ``\\boxed{B}``, "I choose B") or
describes a choice ("(B) is correct"). What its sentence says of it decides whether it counts
(``mcq.hedges``). Reads what ``mcq.reply_text`` leaves of a reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcq import chinese
from mcq.hedges import WINDOW, asks, of_a_version, standing
from mcq.judged import judged
from mcq.lettered import (
    ANY_LETTER,
    LETTER,
    NOUN,
    SECOND,
    TAKEN_BACK,
    Said,
    lists_choices,
    named,
    one_of,
    stands,
)

_ADJECTIVE: Final = one_of(
    *("the", "my", "our", "final", "correct", "right", "(?<!second )(?<!next )best", "true"),
    *("actual", "only", "expected", "so", "thus", "therefore", "hence", "then", "and", "that"),
    *("(?<=question)'s", "(?<=problem)'s"),
    "(?<!least )(?:likely|suitable|appropriate|accurate)",
)
_AT_THE_START: Final = (
    r"(?:^|(?<=[\n.,:;!>(-])) ?"
    r"(?:(?i:the|my|our|final|correct|right|best|selected|chosen) ){0,3}"
)
_ANSWER: Final = one_of(
    r"(?:answers?|ans)(?: (?:choice|option|letter|key))?\b",
    r"(?:(?<=correct )|(?<=right )|(?<=best ))(?:option|choice|letter|one|statement)\b",
    r"(?<=correct )solution\b",
    r"(?:(?<=my )|(?<=final ))(?:choice|pick|selection|option)\b",
)
# "to the question 'what does it print?'", ", however,".
_OF_WHAT: Final = one_of(
    " (?:to|for|of|among|from|out of) (?:the|this|that|your|these|all|question)\\b"
    r"(?:[^.;:,\n?'\"]{0,60}?|[^.;:,\n?'\"]{0,20}[\"'][^\n'\"]{1,120}[\"'])",
    " here| in this case",
    ", (?:then|therefore|thus|in short|in conclusion|however|of course),",
)
_SUBJECT: Final = rf"(?:(?i:\b{_ADJECTIVE} )|{_AT_THE_START})(?i:{_ANSWER}{_OF_WHAT}?)"
_ADVERB: Final = one_of(
    *("therefore", "thus", "then", "hence", "clearly", "indeed", "probably", "most likely"),
    *("likely", "definitely", "certainly", "surely", "obviously", "simply", "actually", "in fact"),
    *("still", "now", "also", "given by", "as follows"),
)
_IS: Final = one_of(
    *("is", "was found to be", "must be", "has to be", "should be", "would be", "will be"),
    *("can only be", "seems to be", "appears to be", "turns out to be"),
)
_VERB: Final = (
    rf"(?i: ?(?:\b{_IS}(?![\w-])|->|=>|={{1,2}}|:-|:|-{{1,2}}(?= )|\.(?= ?[A-J]\b)))"
    rf"[ \n:]{{0,4}}(?i:(?:{_ADVERB}\b,? ?)?)"
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
    rf"(?:{chinese.ANSWER_IS}|{chinese.SO_CHOOSE}|{chinese.BUT_IS}) ?:? ?"
    rf"(?P<between>(?:{chinese.OPTION})?){LETTER}"
)
_CHOSEN: Final = re.compile(
    r"(?i:\b(?:I(?:'ll|'d| will| would|'m| am)?|(?:we|let's|let us)(?=[\w ]{3,20} (?:option"
    r"|choice|answer)\b)) (?:therefore |thus |would |will )?"
    r"(?:choose|chose|pick|picked|select|selected|go with|going with|settle on|say)"
    rf"(?: that)? (?:it is |it's )?)(?P<between>{NOUN}){LETTER}"
)
_BOXED: Final = re.compile(
    r"\\f?boxed ?\{ ?(?:\\(?:text|math)\w{0,4} ?\{ ?)?"
    rf"{NOUN}{LETTER}(?: ?(?:\}}|[.):](?=[ }}]))|(?<=\))(?= [^{{}}\n]{{1,100}}\}}))"
)
_VERY: Final = one_of(
    *("the", "also", "therefore", "clearly", "thus", "indeed", "definitely", "only"),
    *(r"most \w{1,20}", "best", "correct", "right", "likely"),
)
_RIGHT: Final = (
    rf"(?i:(?:{_VERY} ){{0,4}}(?:(?:correct|right|best)(?! (?:option|choice|answer)\b)"
    r"|option|choice|answer))(?![\w-])"
)
# "Correct if ..." and "correct, but" are not; "correct in this case" is.
_HERE: Final = r"(?:this|our|the|these)\b(?! (?:first|second|last|other|old))"
_LIMITS: Final = one_of(
    *("if", "when", "unless", "only", "except", "about", "that", "under", "assuming", "provided"),
    *("but", "however", "although", "though", rf"(?:for|in|of|to)(?! {_HERE})"),
)
_LIMITED: Final = rf"(?! ?\?|,? (?i:{_LIMITS})\b)"
_IS_RIGHT: Final = re.compile(
    rf"(?<![\w(\[\"'`.\u00a4])(?P<named>{NOUN}){LETTER},? "
    rf"(?i:is|must be|has to be|seems to be|appears to be) {_RIGHT}{_LIMITED}"
)
_MAKES_RIGHT: Final = re.compile(
    rf"(?i:\bmak(?:es|ing)) (?P<named>{NOUN}){LETTER} (?i:the )?{_RIGHT}{_LIMITED}"
)
_TELLS_RIGHT: Final = re.compile(
    rf"(?P<named>(?i:\b(?:option|choice|answer) )){LETTER} (?i:(?:correctly|accurately|best) "
    r"(?:describes|represents|reflects|states|explains|captures|answers|predicts|identifies))\b"
    r"(?![^.\n]{0,200}\b(?:but|however|although|though|except)\b)"
)
_CHINESE_RIGHT: Final = re.compile(rf"(?P<named>(?:{chinese.OPTION})?){LETTER} ?{chinese.IS_RIGHT}")
_DESCRIBES: Final = (_IS_RIGHT, _MAKES_RIGHT, _TELLS_RIGHT, _CHINESE_RIGHT)
_IS_WRONG: Final = re.compile(
    rf"{LETTER} (?i:(?:is|was|seems|looks|must be|would be|can|could)(?: \w{{1,20}})?"
    r"(?:n't| not)? (?:be )?(?:wrong|incorrect|false|invalid)\b"
    r"|(?:is|was|seems|looks|can|could)(?:n't| not|not) (?:be )?(?:the )?(?:correct|right|best"
    r"|valid|answer)\b)"
)
_CHINESE_WRONG: Final = re.compile(rf"{LETTER} ?{chinese.IS_WRONG}")
_IS_NOT: Final = re.compile(
    rf"{_SUBJECT} ?(?i:(?:is|was|can|could|would|should)(?:n't| not|not)(?: be)?"
    rf"|:? ?not) {NOUN}{LETTER}"
)
# "B is also correct", "B is correct, too".
_AMONG_OTHERS: Final = re.compile(r"(?i)[A-J]\)?,? is also\b|correct,? (?:too|as well)\b")
_SO_THAT: Final = one_of(
    *("so", "thus", "therefore", "hence", "then", "that", "think", "believe", "and", "but"),
    *("only", "here", "(?:this|that) case"),
)
# A bare letter is a subject at the start of a phrase only: "Thread A is right" is not of it.
_PHRASE: Final = re.compile(rf"(?i)(?:^|[.!:,;\n>-] ?|\b{_SO_THAT} )$")
_LETTERS_BEFORE: Final = re.compile(
    rf"{ANY_LETTER} ?(?:,|/|&|(?i:,? ?(?:and|or|nor)\b)) ?$|(?i:\b(?:neither|either|both)) ?$"
)
_OF_THESE: Final = re.compile(
    rf"(?i:\b(?:of|among|between)) {ANY_LETTER}(?:, {ANY_LETTER})?,? (?:and|or) {ANY_LETTER}, $"
)


def heard(text: str) -> tuple[list[Said], list[Said]]:
    """What is stated, and what is denied or doubted; in no order."""
    stated: list[Said] = []
    denied: list[Said] = []
    for found in _candidates(text):
        one = Said(
            found.end(),
            named(found),
            described=found.re in _DESCRIBES,
            version=of_a_version(text, found.start()),
        )
        among = _AMONG_OTHERS.search(text, found.start(), found.end() + len(" as well"))
        if among or SECOND.match(text, found.end()):
            one = Said(found.end(), None)
        elif TAKEN_BACK.match(text, found.end()):
            continue
        said = standing(text, found.start(), found.end())
        if said == "stated" and not asks(text, found.end()):
            stated.append(one)
        elif said == "doubted":
            denied.append(one)
    if listed := judged(text):
        stated.append(listed)
    for pattern in (_IS_WRONG, _IS_NOT, _CHINESE_WRONG):
        denied += [
            Said(found.end(), named(found))
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
    for pattern in _DESCRIBES:
        for found in pattern.finditer(text):
            before = text[max(0, found.start() - WINDOW) : found.start()]
            bare = found["bare"] and not found["named"] and pattern is _IS_RIGHT
            several = _LETTERS_BEFORE.search(before) and not _OF_THESE.search(before)
            if not several and (not bare or _PHRASE.search(before)):
                yield found
