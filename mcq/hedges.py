"""What a sentence says of a statement in it: that it holds, that it is doubted, or neither.

"I doubt that", "if x were 2", "many think that": what stands before a statement in its sentence
decides whether it is one. "But" begins anew. What "so" and "since ..., " lead to is the writer's,
unless others drew the conclusion ("many think it prints 3, so ..."). A word that hedges only
what it governs does so only there: "it prints The answer is A" quotes, "it prints 3, which
is A" does not; "wrongly claims" is of others, "wrongly handles 0" is of the code. Reads what
``mcq.reply_text`` leaves of a reply.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from mcq import chinese
from mcq.lettered import one_of

WINDOW: Final = 300
"""Characters of its sentence before a statement that may take it back."""

_BORDER: Final = re.compile(r"[.!?;](?= |$)|\n(?![a-z(\u00ab])|\n\n")
_BUT: Final = one_of(
    *("but", "however", "yet", r"instead(?! of)", "in fact", "in reality", "nevertheless"),
    "nonetheless",
)
# From here on the sentence speaks for itself.
_TURN: Final = re.compile(rf"(?i)\b{_BUT}\b|{chinese.BUT}")
_SO: Final = one_of(
    *("so", "thus", "therefore", "hence", "consequently", "meaning"),
    "(?:which|that|this) (?:means|implies)",
)
_SINCE: Final = one_of("since", "because", "as", "given", "considering", "knowing", "now that")
# The clause of a reason is over at its comma.
_CONCLUSION: Final = re.compile(
    rf"(?i)\b{_SO}\b|(?:^ ?|[,:] ?|\band ){_SINCE}\b[^,\n]{{1,200}},|{chinese.SO}"
)

# ------------------------------------------------------------------ what others think

_THINK: Final = one_of(
    "think(?! about| through| of)", "believe", "assume", "guess", "claim", "conclude"
)
_OTHERS: Final = one_of(
    *("people", "students", "programmers", "developers", "beginners", "novices", "learners"),
    *("readers", "some", "many", "most", "others", "someone", "everyone", "anyone"),
)
# "As one would expect" is the writer's own.
_PEOPLE: Final = rf"(?<!as )(?<!than )\b(?:{_OTHERS}|one|you|they)\b[^.;\n]{{0,40}}?\b"
# Whatever is concluded from these is theirs, not the writer's.
_OF_OTHERS: Final = re.compile(
    "(?i)"
    + one_of(
        r"\b(?:thinks|believes|believed|assumed|guessed|claims|claimed|argues|argued|argue)\b",
        r"\bthought (?:that|it)\b|\bthought ?$|\btempt\w+\b|\bmisconception\b|\bnaive(?:ly)?\b",
        r"\b(?:wrong|incorrect|false|invalid|untrue|mistake|error|misleading) (?:to|that)\b",
        r"\b(?:mistake|error|pitfall|trap|confusion)s? (?:is|are|was|would be|here is) "
        r"(?:to|that|thinking|believing|assuming)\b",
        rf"\b(?:wrongly|incorrectly|mistakenly|falsely) (?:{_THINK}|say|choose|expect|answer)",
        r"\bat first (?:glance|sight)\b|\bat first,? (?:i|we|you|one)\b",
        rf"{_PEOPLE}(?:{_THINK}|confus\w+)\b",
        chinese.OTHERS_THINK,
    )
)

# ------------------------------------------------------------- doubts, cases, negations

_DOUBTED: Final = re.compile(
    "(?i)"
    + one_of(
        r"\b(?:doubt\w*|unsure|uncertain|unlikely|hesita\w+|disagree\w*|deny|denies|reject\w*)\b",
        r"\b(?:not sure|nobody|no[ -]one)\b",
        r"(?:n't|\b(?:not|never|no longer|cannot))\s+(?:\w{1,20}\s+)?"
        r"(?:think|believe|say|mean|sure|certain|agree|clear|convinced|true|case)\b",
        chinese.DOUBT,
    )
)
_LOOKS: Final = one_of(
    *("look", "trac", "follow", "walk", "go through", "step through", "examin", "analy[sz]"),
    *("count", "think about", "read", r"(?:run|execut)\w* (?:this|the|it\b(?! with))"),
)
_RUNS: Final = one_of(
    *("call", "run", "execut", "evaluat", "print", "output", "finish", "end", "complet"),
    *("return", "reach", "terminat", "iterat", "start", "creat", "compar", "compil"),
)
# "If you trace the code" and "when it runs" say how the writer knows, not under what condition.
_IF: Final = rf"\bif\b(?! (?:you|we|i|one) (?:\w{{1,12}}ly )?{_LOOKS})"
_WHEN: Final = (
    r"(?:^ ?|[,:] ?|\b(?:and|or|that|only|even) )when\b"
    rf"(?! (?:\w{{1,20}} ){{0,3}}?(?:{_LOOKS}|{_RUNS}))"
)
_SUPPOSED: Final = re.compile(
    "(?i)"
    + one_of(
        *(_IF, _WHEN, r"\b(?:whether|unless|otherwise|provided|in case)\b"),
        r"\b(?:assum(?:e|es|ing)|suppos(?:e|es|ing)|imagin(?:e|ing))\b",
        r"\b(?:may|might|could|maybe|perhaps|possibly|(?:would|could|should|might) have)\b",
        r"\bwould (?:mean|imply|make|require|suggest)\b|\bwithout\b[^.;]{1,120}\bwould\b",
        rf"{_PEOPLE}(?:say|answer|choose|pick|expect)\b|\b{_OTHERS} (?:would|will)\b",
        r"(?:^|, ?)(?:were|had)\b|(?<!is )(?<!'s )\bwhy\b",
        chinese.IF,
    )
)
_SAYS: Final = one_of(
    *("says", "said", "prints?", "printed", "outputs?", "returns?", "returned", "displays?"),
    *("writes?", "reads", "shows"),
)
# Others' words, where the statement is what they govern.
_QUOTED: Final = re.compile(
    rf"(?i)\b{_SAYS}(?: that\b[^,;]{{0,40}}|:)? ?(?:the )?[\"']?$|[\w:,] ?[\"']$"
)
_UNREAL: Final = re.compile(r"(?i)\bwould be\b")
# Of the clause that the statement stands in.
_NEGATED: Final = re.compile(
    r"(?i)(?:n't|\b(?:not|never|neither|nor|cannot|hardly|rather than))\b(?:(?! and\b)[^,:]){0,80}$"
    rf"|{chinese.NOT}"
)

Standing = Literal["stated", "doubted", "idle"]


def standing(text: str, begin: int, end: int) -> Standing:
    """Whether the sentence around a statement lets it stand, doubts it, or speaks of what is
    not the case."""
    before = _clause(text, begin)
    if _OF_OTHERS.search(before):
        return "idle"
    concluded = [found.end() for found in _CONCLUSION.finditer(before)]
    if concluded and not _UNREAL.search(text, begin, end):
        before = before[concluded[-1] :]
    if _DOUBTED.search(before):
        return "doubted"
    if _SUPPOSED.search(before) or _QUOTED.search(before):
        return "idle"
    return "doubted" if _NEGATED.search(before) else "stated"


def _clause(text: str, begin: int) -> str:
    """What stands before ``begin`` in its sentence, from the last turn on."""
    before = text[max(0, begin - WINDOW) : begin]
    borders = [found.end() for found in _BORDER.finditer(before)]
    before = before[borders[-1] if borders else 0 :].lstrip()
    turns = [found.end() for found in _TURN.finditer(before)]
    return before[turns[-1] if turns else 0 :]


# ---------------------------------------------------------------- questions, versions

_ENDS_SENTENCE: Final = re.compile(r"[.!;](?= |$)|\n|\?")
_LANGUAGE: Final = one_of(
    *("python", "java", "javascript", "node", "ruby", "php", "c", r"c\+\+", "go", "gcc"),
    *("version", "es"),
)
_VERSION: Final = re.compile(
    r"(?i)\b(?:in|on|for|under|with|using|before|since|until) "
    rf"(?:{_LANGUAGE} ?v?\d|(?:older|newer|earlier|later|modern) \w)"
)


def asks(text: str, place: int) -> bool:
    """Whether the sentence that goes on at ``place`` is a question."""
    end = _ENDS_SENTENCE.search(text, place, place + WINDOW)
    return end is not None and end[0] == "?"


def of_a_version(text: str, begin: int) -> bool:
    """Whether a statement is made of one version of a language only."""
    return _VERSION.search(_clause(text, begin)) is not None
