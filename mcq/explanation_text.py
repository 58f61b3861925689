"""The parts of an explanation, read out of what a model wrote: YAML as models write it.

Asked for YAML, models write something like it: fenced or not, amid prose, keys in bold or in
capitals, a colon inside a sentence, tabs, a text that breaks off. A YAML parser refuses all of
that, and lets a few lines of aliases grow without bound. So this is none: lines are read one
after the other; a line that begins with the name of a part begins that part, and the lines
below belong to it. JSON is read the same way, and so is the form of ``reasoned-1``.

Nothing is invented: a part is text that stands there, with its indentation and quotes taken
away; line breaks stay where they were, whatever the style of the scalar. A part that comes a
second time (models repeat themselves) is not read, nor one that only repeats what was asked.
Raises nothing, whatever the text, in time linear in it: patterns look at the beginning of a
line and repeat nothing without a bound.

Source: YAML 1.2.2, https://yaml.org/spec/1.2.2/, sections 5.7 (escapes), 7.3 and 8.1 (scalars).
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, cast

from contracts.explanations import ExplanationParts
from contracts.questions import Letter, letters_for
from mcq.parsing import letter_of
from mcq.prompts import EXPLAIN_1_WISHES
from mcq.reply_text import without_thoughts

Part = Literal["understanding", "analysis", "reasoning", "conclusion", "answer"]
_NAMES: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "understanding": "understanding",
        "question understanding": "understanding",
        "problem understanding": "understanding",
        "understanding the question": "understanding",
        "understanding of the question": "understanding",
        "analysis": "analysis",
        "choices": "analysis",
        "options": "analysis",
        "choice analysis": "analysis",
        "choices analysis": "analysis",
        "option analysis": "analysis",
        "options analysis": "analysis",
        "analysis of choices": "analysis",
        "analysis of the choices": "analysis",
        "analysis of each choice": "analysis",
        "analysis of options": "analysis",
        "analysis of the options": "analysis",
        "analysis of each option": "analysis",
        "reasoning": "reasoning",
        "reasoning steps": "reasoning",
        "step by step reasoning": "reasoning",
        "conclusion": "conclusion",
        "answer": "answer",
        "the answer": "answer",
        "final answer": "answer",
        "correct answer": "answer",
        "answer letter": "answer",
    }
)
# A line's beginning: no name and no label is longer.
_HEAD: Final = 160
_DRESS: Final = r"[*_\"'`]{0,4}"
_COLON: Final = r"[:\uff1a][*_]{0,3}"
_KEY: Final = re.compile(
    rf"[{{\[]?[ \t]{{0,8}}(?:[-+>*] )?(?P<heading>#{{1,6}} ?)?(?:\d{{1,2}}[.)] )?{_DRESS}"
    rf"(?P<name>[A-Za-z][A-Za-z _-]{{3,40}}?){_DRESS}(?: ?\([^()]{{0,60}}\))?{_DRESS}[ \t]{{0,4}}"
    rf"(?P<colon>{_COLON}|$)[ \t]{{0,8}}"
)
_FENCE: Final = re.compile(r"(?:`{3,}|~{3,})[ \t]*(?P<language>[\w+-]{0,20})[ \t]*$")
_BLOCK: Final = re.compile(r"[|>][-+0-9]{0,2}[ \t]{0,8}(?:#.*)?$")


@dataclass
class _Field:
    """A part as it stands: what follows its name on the line, and the lines below."""

    part: Part
    indent: int
    first: str
    below: list[str] = field(default_factory=list)
    fenced: bool = False
    labelled: bool = False

    @property
    def is_block(self) -> bool:
        return _BLOCK.match(self.first) is not None

    @property
    def value(self) -> str:
        first = "" if self.is_block else self.first
        return _plain("\n".join([first, textwrap.dedent("\n".join(self.below))]))


def parts_of(text: str, choices: int) -> ExplanationParts | None:
    """The parts that ``text`` has, for a question of ``choices`` choices; ``None`` where it has
    fewer than two, which is no explanation in parts."""
    found = _fields(_body(text))
    read: dict[str, object] = {
        part: found[part].value
        for part in ("understanding", "reasoning", "conclusion")
        if part in found and not _is_wish(found[part].value)
    }
    if "analysis" in found:
        said = _analysis(found["analysis"], letters_for(choices))
        read["analysis"] = {letter: of for letter, of in said.items() if not _is_wish(of)}
    if "answer" in found:
        read["answer"] = _letter(found["answer"].value, choices)
    parts = ExplanationParts.model_validate(read)
    there = sum(bool(value) for value in parts.model_dump().values())
    return parts if there > 1 else None


def stated_letter(text: str, parts: ExplanationParts | None, choices: int) -> Letter | None:
    """The letter that an explanation comes to: its answer, else what its text states."""
    if parts is not None and parts.answer is not None:
        return parts.answer
    return letter_of(text, choices)


def _is_wish(value: str) -> bool:
    """Whether a part says nothing, or only what was asked for."""
    return not value or value.rstrip(".").lower() in EXPLAIN_1_WISHES


# ------------------------------------------------------------------------- from text to fields


def _body(text: str) -> str:
    """The reply without thoughts; an object of JSON with each of its keys on a line."""
    body = without_thoughts(text.replace("\r\n", "\n").replace("\r", "\n"))
    begin, end = body.find("{"), body.rfind("}")
    if begin >= 0:
        # No indentation: a text of many brackets would grow by it.
        with suppress(ValueError, RecursionError):
            body = json.dumps(json.loads(body[begin : end + 1]), indent=0, ensure_ascii=False)
    # JSON can escape half a character, which is no text.
    return body.encode("utf-8", "ignore").decode("utf-8")


def _fields(text: str) -> dict[Part, _Field]:
    """The first of each part, in the text's order."""
    found: dict[Part, _Field] = {}
    current: _Field | None = None
    fenced = False  # all of the parts stand in a fence
    for line in text.split("\n"):
        bare = line.lstrip(" \t")
        indent = len(line[: len(line) - len(bare)].expandtabs(4))
        fence = _FENCE.match(bare[:_HEAD]) if bare[:1] in {"`", "~"} else None
        if fence and (current is None or (fenced and not current.fenced and not fence["language"])):
            # The fence around the parts opens, or closes and ends the last of them.
            fenced = current is None and not (fenced and not fence["language"])
            current = None
            continue
        begun = None if fence else _begun(bare, indent, current, found)
        if begun is not None:
            current = begun
            found.setdefault(begun.part, begun)
        elif current is not None:
            if fence:
                current.fenced = not current.fenced
            if bare.rstrip() in {"---", "..."} and indent <= current.indent:
                current = None
            else:
                current.below.append(line)
    return found


def _begun(
    bare: str, indent: int, current: _Field | None, found: Mapping[Part, _Field]
) -> _Field | None:
    """The part that begins with this line, if one does."""
    match = _KEY.match(bare[:_HEAD])
    if match is None or (current is not None and current.fenced):
        return None
    part = _NAMES.get(re.sub("[ _-]+", " ", match["name"]).strip().lower())
    if part is None:
        return None
    value = bare[match.end() :].rstrip()
    # Without a colon it is a heading: dressed, and nothing else on its line.
    if not match["colon"] and (value or not (match["heading"] or bare[0] in "*_")):
        return None
    if current is not None and indent > current.indent:
        # Deeper than the part before it stands inside of it, unless that is a line of prose.
        inside = current.is_block or current.part == "analysis" or not current.first
        if inside or part in found:
            return None
    return _Field(part, indent, value)


# ------------------------------------------------------------------------------- values

_QUOTED: Final = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'", re.DOTALL)
_NOTHING_AFTER: Final = re.compile(r"[ \t]*[,}\]]{0,4}[ \t]*(?:#[^\n]*)?(?:\n|$)")
_ESCAPED: Final = re.compile(r"\\([nt\"\\/])")
_ESCAPES: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/"}


def _plain(text: str) -> str:
    """A scalar without its quotes; empty for YAML's null."""
    value = text.strip()
    if value[:1] in {'"', "'"}:
        quoted = _QUOTED.match(value)
        if quoted is None:
            value = _unescaped(value[1:]) if value[0] == '"' else value[1:]  # it broke off
        elif _NOTHING_AFTER.match(value, quoted.end()):
            single = quoted[2]
            value = _unescaped(quoted[1] or "") if single is None else single.replace("''", "'")
    value = "\n".join(line.rstrip() for line in value.split("\n")).strip()
    return "" if value in {"~", "null"} else value


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES[found[1]], text)


# ----------------------------------------------------------------- choices and the letter

_CHOICE: Final = re.compile(
    r"[{\[]?[ \t]{0,8}(?:[-+>*][ \t]{1,4})?[{\[]?[ \t]{0,4}[*_\"'`]{0,4}"
    r"(?P<named>(?i:choice|option|letter|answer)[\"'`]?[ \t]{0,2}:?[ \t]{0,2})?[*_\"'`(\[]{0,4}"
    r"(?P<letter>[A-J])"
    rf"(?:{_DRESS}[)\]]?{_DRESS}[ \t]?(?:{_COLON}|\.(?=[ \t]|$))|{_DRESS}[)\]]{_DRESS}"
    rf"|[ \t]-{{1,2}}(?=[ \t])|{_DRESS}(?:,(?=[ \t]*[\"'])|,?[ \t]{{0,8}}$))[ \t]{{0,8}}"
)
_LABEL: Final = re.compile(
    r"[\"'`*_]{0,3}(?i:text|analysis|explanation|reason|reasoning|comment|evaluation|verdict"
    rf"|description){_DRESS}[ \t]?{_COLON}[ \t]{{0,8}}"
)
# Where a line holds several choices: "{A: no, B: yes}", "A: no. B: yes".
_NEXT_INLINE: Final = re.compile(r"(?<=[,;.\"'])[ \t]{1,4}(?=[\"'*(]{0,3}[B-J][\"'*)]{0,3}:)")
_BRACKETS: Final = frozenset({"", "-", "{", "}", "},", "[", "]", "],"})
_PLAIN_LETTER: Final = re.compile(
    r"[\"'`*_(\[{ ]{0,6}(?i:(?:choice|option) )?([A-Ja-j])[\"'`*_)\]}., ]{0,6}"
)


def _analysis(whole: _Field, letters: str) -> dict[str, str]:
    """What is said of each choice, by its letter; what is said of none is left out."""
    said: dict[str, _Field] = {}
    current: _Field | None = None
    first = whole.first.rstrip("}], ") if whole.first[:1] in {"{", "["} else whole.first
    inline = [(line, -1) for line in _NEXT_INLINE.split(first)]
    for line, place in [*inline, *((line, 0) for line in whole.below)]:
        bare = line.lstrip(" \t")
        # A choice on the line of the part's name says nothing about how deep the others stand.
        indent = place or len(line) - len(bare)
        match = _CHOICE.match(bare[:_HEAD])
        if match is not None and not (current is not None and -1 < current.indent < indent):
            current = _Field("analysis", indent, bare[match.end() :].rstrip())
            if match["letter"] in letters and match["letter"] not in said:
                said[match["letter"]] = current
                current.labelled = match["named"] is not None
        elif current is not None and bare and indent < current.indent:
            current = None
        elif current is not None:
            current.below.append(line)
    found = {letter: _said(one) for letter, one in sorted(said.items())}
    return {letter: text for letter, text in found.items() if text}


def _said(choice: _Field) -> str:
    """The text about a choice; where an entry names its letter (``- choice: A``), without the
    name of the text (``text: ...``), and without the brackets that end an entry."""
    while not choice.is_block and choice.below and choice.below[-1].strip(" \t") in _BRACKETS:
        choice.below.pop()
    value = choice.value
    label = _LABEL.match(value[:_HEAD]) if choice.labelled else None
    return value if label is None else _plain(value[label.end() :])


def _letter(value: str, choices: int) -> Letter | None:
    """The letter of an answer's line: alone, or as ``mcq.parsing`` reads "Answer: ..."."""
    line = value.partition("\n")[0]
    if plain := _PLAIN_LETTER.fullmatch(line[:_HEAD]):
        letter = plain[1].upper()
        return cast("Letter", letter) if letter in letters_for(choices) else None
    return letter_of(f"Answer: {line}", choices)
