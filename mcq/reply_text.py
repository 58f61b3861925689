"""A reply as it is read: without thoughts, code and dress, in one spelling of everything.

``plain_text`` takes away what states nothing (a reasoning model's ``<think>`` part, fenced
blocks, inline code) and writes what is left in one way, so that ``mcq.parsing`` needs to know
one: an emphasised or bracketed letter is ``(B)``, a quoted one ``«B»``, ``<answer>`` tags are
"Answer:", full-width signs are ASCII, blanks come one at a time and empty lines too. After that
no run of blanks or marks is long, and patterns over it stay linear. Knows no letters' meaning.

Sources: CommonMark 0.31, section 4.5 (fences); Unicode 16, block Halfwidth and Fullwidth
Forms.
"""

from __future__ import annotations

import re
from typing import Final


def cut_at(text: str, stops: tuple[str, ...]) -> str:
    """``text`` up to the first of ``stops``, whole when it has none."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else text


# -------------------------------------------------------------------- thoughts and code

_THOUGHT: Final = re.compile(r"(?i)<(/?)(?:think|thinking|thought|scratchpad)>")


def without_thoughts(text: str) -> str:
    """``text`` without its thoughts. One that is not closed reaches to the end, one that was
    opened in the prompt begins with the text."""
    kept: list[str] = []
    end = 0
    thinking = False
    for tag in _THOUGHT.finditer(text):
        if tag[1]:
            # A tag that closes what nobody opened: the chat template opened it.
            kept = kept if thinking else []
            thinking = False
            end = tag.end()
        elif not thinking:
            kept.append(text[end : tag.start()])
            thinking = True
    return "\n".join(kept if thinking else [*kept, text[end:]])


_FENCE: Final = re.compile(r"^\s*(`{3,}|~{3,})([^\n]*)$")


def without_code(text: str) -> str:
    """``text`` without its fenced blocks; one that is not closed reaches to the end."""
    kept: list[str] = []
    fence: str | None = None
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence is not None:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = None
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
            kept.append("")
        else:
            kept.append(line)
    return "\n".join(kept)


# ------------------------------------------------------------------------- one spelling

# Full-width backticks are no fences.
_GRAVE: Final = 0xFF40
_FULL_WIDTH: Final = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code != _GRAVE}
_UNSEEN: Final = dict.fromkeys(
    [0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF], ""
)
_ALIKE: Final = str.maketrans(
    {
        "\u3002": ". ",
        "\uff0c": ", ",
        "\uff1a": ": ",
        "\uff1b": "; ",
        "\u3001": ", ",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2013": "-",
        "\u2014": " - ",
        "\u2212": "-",
        "\u2192": "->",
        "\u21d2": "->",
    }
)
_SAME: Final = {**_FULL_WIDTH, **_UNSEEN, **_ALIKE}

# What may stand around a letter; every repeat is bounded, so that no text makes it slow.
_INNER: Final = r"\(? ?(?:(?P<letter>[A-J])|(?<=\()(?P<small>[a-j])(?=\))) ?[.:]?\)?[.:]?"
_TICKS: Final = "[\u2705\u2714\u2611\U0001f449\U0001f3af]{1,3}"
_REWRITTEN: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"<\|[^|\n]{1,40}\|>"), " "),
    (re.compile(r"</?(?:b|i|u|strong|em|mark|p|br|span|h[1-6]) ?/?>"), ""),
    (re.compile(r"(?i)[\"'](?:final_|correct_)?answer[\"'] ?:"), "\nAnswer:"),
    (re.compile(r"(?i)[<\[](?:final[_ ]?)?answer[>\]]"), "\nAnswer: "),
    (re.compile(r"(?i)[<\[]/(?:final[_ ]?)?answer[>\]]"), "\n"),
    # A tick or a hand before a line or an answer; one behind a line is a verdict on it.
    (re.compile(rf"(?m)^([ >#*-]{{0,8}}){_TICKS} ?"), r"\1"),
    (re.compile(rf"(?i) {_TICKS} ?(?=\*{{0,3}}(?:(?:final|correct) )?answer\b)"), "\n"),
    # Chinese is written without blanks, and its signs are letters to a pattern.
    (re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Ja-j(])|(?<=[A-J)])(?=[\u4e00-\u9fff])"), " "),
    (re.compile(r"[^\S\n]+"), " "),
    (re.compile(r" ?\n[ \n]*\n ?"), "\n\n"),
    (re.compile(r" ?\n ?"), "\n"),
)
_LATEX: Final = re.compile(
    rf"\\(?:text|textbf|textrm|mathbf|mathrm|mathit|bm|boldsymbol) ?\{{ ?{_INNER} ?\}}"
)
_EMPHASISED: Final = re.compile(
    rf"(?<![\w*_$])(?:\*{{1,3}}|_{{1,3}}|\$) ?{_INNER} ?(?:\*{{1,3}}|_{{1,3}}|\$)(?![\w*_$])"
)
_QUOTED: Final = re.compile(
    rf"(?<!\w)(?P<mark>`{{1,3}}|\"|')\*{{0,3}} ?{_INNER} ?\*{{0,3}}(?P=mark)(?!\w)"
)
_BRACKETED: Final = re.compile(
    r"(?<![\w)\]])(?:\( ?(?:(?P<letter>[A-J])|(?P<small>[a-j])) ?\)"
    r"|<(?P<angle>[A-J])>|\[ ?(?P<square>[A-J]) ?\]|\{ ?(?P<curly>[A-J]) ?\})(?![(\[])"
)
# "ans: c" and "answer is b)"; an "a" alone is a word, and a variable is followed by more.
_SMALL_ANSWER: Final = re.compile(
    r"(?P<before>(?i:\b(?:answer|ans|option|choice)(?: is| ?:)) ?)"
    r"(?P<small>[b-hj](?=\.? ?(?:\n|$)|\. )|[a-j](?=\))|a(?=\. ?(?:\n|$)))\)?"
)
# Such as "d) 42".
_SMALL_LABEL: Final = re.compile(r"(?:^|(?<=\n))[ >-]{0,4}(?P<small>[a-j])\)(?= \S)")
_INLINE_CODE: Final = re.compile(r"`{1,3}[^`\n]{1,400}`{1,3}")
_DRESS: Final = re.compile(r"[*`]+|(?<!\w)_+|(?<!_)_+(?!\w)")
CODE_WAS_HERE: Final = "\u00a4"
"""Stands for inline code, so that no phrase closes over the gap."""


def _letter(found: re.Match[str]) -> str:
    return next(one for one in found.groupdict().values() if one and one.isalpha()).upper()


def plain_text(reply: str) -> str:
    """What of ``reply`` may state a letter, in one spelling. Raises nothing, whatever the text."""
    text = without_code(without_thoughts(reply.replace("\r\n", "\n")))
    text = text.translate(_SAME)
    for pattern, instead in _REWRITTEN:
        text = pattern.sub(instead, text)
    text = _LATEX.sub(lambda found: f"({_letter(found)})", text)
    text = _EMPHASISED.sub(lambda found: f"({_letter(found)})", text)
    text = _QUOTED.sub(lambda found: f"\u00ab{_letter(found)}\u00bb", text)
    text = _BRACKETED.sub(lambda found: f"({_letter(found)})", text)
    text = _DRESS.sub("", _INLINE_CODE.sub(CODE_WAS_HERE, text))
    text = _SMALL_ANSWER.sub(lambda found: f"{found['before']}({found['small'].upper()})", text)
    text = _SMALL_LABEL.sub(lambda found: f"({found['small'].upper()})", text)
    return re.sub(r" {2,}", " ", text)
