"""What a sentence says of a statement in it: that it holds, that it is doubted, or neither.

"I doubt that", "if x were 2", "many think that": what stands before a statement in its sentence
decides whether it is one. "But" begins anew; "so" does, too, unless others drew the
conclusion ("many think it prints 3, so ..."). Reads what ``mcq.reply_text`` leaves of a reply.
"""

from __future__ import annotations

import re
from typing import Final, Literal

WINDOW: Final = 300
"""Characters of its sentence before a statement that may take it back."""

_BORDER: Final = re.compile(r"[.!?;](?= |$)|\n(?![a-z(\u00ab])|\n\n")
# From here on the sentence speaks for itself.
_TURN: Final = re.compile(
    r"(?i)\b(?:but|however|yet|instead|in fact|in reality|nevertheless|nonetheless)\b"
)
_CONCLUSION: Final = re.compile(
    r"(?i)\b(?:so|thus|therefore|hence|consequently|meaning|(?:which|that|this) (?:means"
    r"|implies))\b"
)
# Whatever is concluded from these is theirs, not the writer's.
_OF_OTHERS: Final = re.compile(
    r"(?i)\b(?:thinks|believes|believed|assumed|guessed|claims|claimed|argues|argued|argue"
    r"|thought (?:that|it)|mistak\w+|wrongly|incorrectly|misconception|confus\w+"
    r"|tempt\w+|wrong (?:to|that)|false that|at first)\b"
    r"|\b(?:people|students|programmers|developers|beginners|novices|learners|readers|some|many"
    r"|most|others|someone|one|you|they|everyone|anyone)\b[^.;\n]{0,40}?"
    r"\b(?:think|believe|assume|guess|claim)\b|\bthought ?$|\u8ba4\u4e3a"
)
_DOUBTED: Final = re.compile(
    r"(?i)\b(?:doubt\w*|unsure|uncertain|unlikely|hesita\w+|not sure|disagree\w*|deny|denies"
    r"|reject\w*)\b|(?:n't|\b(?:not|never|no longer|cannot))\s+(?:\w{1,20}\s+)?"
    r"(?:think|believe|say|mean|sure|certain|agree|clear|convinced|true|case)\b|\u6000\u7591"
)
_SUPPOSED: Final = re.compile(
    r"(?i)\b(?:if|whether|unless|otherwise|provided|in case|when|assum(?:e|es|ing)"
    r"|suppos(?:e|es|ing)|imagin(?:e|ing)|may|might|could|maybe|perhaps|possibly"
    r"|(?:would|could|should|might) have|says|said|prints?|printed|outputs|returns|displays)\b"
    r"|\b(?:people|students|some|many|most|others|someone|one|you|they|everyone|anyone)\b"
    r"[^.;\n]{0,40}?\b(?:say|answer|choose|pick|expect|conclude)\b"
    r"|(?:^|, ?)(?:were|had)\b|(?<!is )(?<!'s )\bwhy\b|[\w:,] ?[\"']$"
    r"|\u5982\u679c|\u82e5|\u53ef\u80fd"
)
_UNREAL: Final = re.compile(r"(?i)\bwould be\b")
# Of the clause that the statement stands in.
_NEGATED: Final = re.compile(
    r"(?i)(?:n't|\b(?:not|never|neither|nor|cannot|hardly|rather than))\b[^,:]{0,80}$"
    r"|\u4e0d[^,:]{0,20}$"
)

Standing = Literal["stated", "doubted", "idle"]


def standing(text: str, begin: int, end: int) -> Standing:
    """Whether the sentence around a statement lets it stand, doubts it, or speaks of what is
    not the case."""
    before = text[max(0, begin - WINDOW) : begin]
    borders = [found.end() for found in _BORDER.finditer(before)]
    before = before[borders[-1] if borders else 0 :].lstrip()
    turns = [found.end() for found in _TURN.finditer(before)]
    before = before[turns[-1] if turns else 0 :]
    if _OF_OTHERS.search(before):
        return "idle"
    concluded = [found.end() for found in _CONCLUSION.finditer(before)]
    if concluded and not _UNREAL.search(text, begin, end):
        before = before[concluded[-1] :]
    if _DOUBTED.search(before):
        return "doubted"
    if _SUPPOSED.search(before):
        return "idle"
    return "doubted" if _NEGATED.search(before) else "stated"
