"""Where a reply thinks again: what then becomes of the letter that it had come to.

"Wait, ..." leaves it open, "Let me double check: ... Yes." does not; "That is wrong" takes it
back. A turn ("Actually, ...", "But ...") lets a reply go on to another letter. Reads what
``mcq.reply_text`` leaves of a reply.
"""

from __future__ import annotations

import re
from typing import Final

from mcq.lettered import one_of

_LET_ME: Final = "let(?: me|'s| us)"
_CHECKS: Final = rf"{_LET_ME} (?:quickly )?(?:double|re-?check|verify|check|confirm)"
_AGAIN: Final = one_of(
    *("check", "consider", "think", "evaluate", "examine", "calculate", "compute", "do", "read"),
    *("trace", "view"),
)
_THINKS_AGAIN: Final = re.compile(
    r"(?i)(?:^|(?<=[.!,;\n])|(?<=[.!,;\n] ))(?:(?:but|oh|ah|or),? )?"
    + one_of(
        r"wait(?=[,.!:;-]| no\b| but\b| -|$)",
        *(
            r"hold on\b",
            "hmm",
            "no[,.]",
            r"no,? wait\b",
            r"or rather\b",
            "rather,",
            r"make that\b",
            r"i mean\b",
        ),
        *(r"on second thoughts?\b", "scratch that", r"correction\b", r"oops\b", r"sorry\b"),
        rf"{_LET_ME} (?:double|think again|re-?{_AGAIN})",
        r"i (?:was|am|may be|might be) (?:wrong|mistaken)|i made (?:a|an) (?:mistake|error)",
        r"actually,? (?:it|the answer|that|i|no|wait)\b",
    )
)
_IT: Final = "(?:this|that|it|which|the answer)"
_TAKES_BACK_NEXT: Final = re.compile(
    r"\)?[.!;,]? ?\n{0,2}(?i:(?:but |no, |well, )?(?:that|this|it|which)(?:'s| is| was) "
    r"(?:wrong|incorrect|not (?:right|correct)))"
)
_LAST_SENTENCE: Final = r"(?i)[.!\n:;] ?"
_CONTRADICTS: Final = re.compile(
    rf"{_LAST_SENTENCE}(?:but |so )?{_IT} (?:does(?: not|n't) (?:match|hold|fit|work|agree)"
    r"|is(?: not|n't) (?:correct|right|it))[^.\n]{0,80}[.!]? ?$"
)
_CONFIRMS: Final = re.compile(
    _LAST_SENTENCE
    + one_of(
        "yes|correct|right|confirmed|verified|good|great|exactly|it matches",
        rf"(?:yes, |so )?{_IT} (?:is (?:indeed )?(?:correct|right)|matches|checks out|holds|stands"
        r"|agrees|confirms)[^.\n]{0,80}",
    )
    + r"[.!]? ?$"
)


def left_standing(text: str, place: int) -> bool:
    """Whether the reply leaves what it said up to ``place``: it does not think again, or only
    checks and says yes."""
    if _TAKES_BACK_NEXT.match(text, place) or _CONTRADICTS.search(text, place):
        return False
    again = list(_THINKS_AGAIN.finditer(text, place))
    checks = all(re.search(rf"(?i){_CHECKS}", found[0]) for found in again)
    return not again or (checks and _CONFIRMS.search(text, again[-1].end()) is not None)


# ------------------------------------------------------------- on to another letter

# Says that what came before does not hold.
_RETURNS: Final = re.compile(
    _THINKS_AGAIN.pattern
    + r"|\bafter (?:re-?)?(?:trac|check|run|read|look|think|consider|execut|test|verif)\w*"
    r"|\bre-?(?:read|check|trac|examin|consider|think|evaluat|calculat|comput|run|visit)\w*"
    r"|\b(?:looking|thinking|reading) (?:again|closer|more closely)\b|\bmy mistake\b"
)
_BUT: Final = r"(?:but|however|actually|in fact|instead(?! of)|yet)\b"
# May only weigh another choice: these take the last word of the reply, and begin a sentence or
# stand in that of the letter ("A looks right, but ..." is about A).
_WEIGHS: Final = re.compile(rf"(?i)(?:(?<=[.!;\n])|(?<=[.!;\n] ))(?:{_BUT}|{_CHECKS})")
_GOES_ON: Final = re.compile(rf"(?i)(?:[^.!?\n]|\.(?=\w)){{0,200}}?\b{_BUT}")
_LAST_WORD: Final = re.compile(r"\)?[.!]?\s*$|,? ?(?:because|since|not|as)\b[^.\n]{0,200}[.!]?\s*$")


def last_turn(text: str, begin: int, end: int) -> int | None:
    """Where, between letters at ``begin`` and ``end``, the reply turned from one to the other
    for the last time; ``None`` where it did not say that it did."""
    turns = [found.end() for found in _RETURNS.finditer(text, begin, end)]
    if _LAST_WORD.match(text, end):
        turns += [found.end() for found in _WEIGHS.finditer(text, begin, end)]
        goes_on = _GOES_ON.match(text, begin, end)
        turns += [goes_on.end()] if goes_on else []
    return max(turns, default=None)
