"""An explanation is read as far as it goes, and nothing is read into it."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.explanations import ExplanationParts
from contracts.questions import LETTERS
from mcq.explanation_text import parts_of, stated_letter
from tests.mcq.explanation_replies import REPLIES


@pytest.mark.parametrize(
    ("reply", "wanted", "letter"), [row[1:] for row in REPLIES], ids=[row[0] for row in REPLIES]
)
def test_a_reply_is_read_as_it_stands(
    reply: str, wanted: dict[str, Any] | None, letter: str | None
) -> None:
    parts = parts_of(reply, 4)
    assert parts == (None if wanted is None else ExplanationParts.model_validate(wanted))
    assert stated_letter(reply, parts, 4) == letter


# ------------------------------------------------------------------ whatever the text

_WORDS = st.sampled_from(
    ["understanding", "Analysis:", "reasoning: ", "**Answer**:", "answer", "A", "- B: ", "choice",
     ":", "|", ">-", "```", "```yaml\n", "---", "\n", "\n  ", "\t", '"', "'", "\\", "{", "}", "[",
     ",", "#", "&a", "*a", "x y", "1. ", "\u00e9\U0001f600", "\u2028", "\x00", "<think>",
     "</think>", '{"answer": "B"}', "null"]
)  # fmt: skip
_ANY = st.text(st.characters(codec="utf-8") | st.just("\ud800"))
TEXTS = st.one_of(_ANY, st.lists(_WORDS, max_size=60).map("".join))


def squashed(text: str) -> str:
    """Without what the reader takes away or joins: blanks, quotes, escapes."""
    return re.sub(r"\\[ntu]|[\s\"'\\]", "", text)


def values(parts: ExplanationParts | None) -> list[str]:
    if parts is None:
        return []
    told = [parts.understanding, parts.reasoning, parts.conclusion, *parts.analysis.values()]
    return [one for one in told if one is not None]


@given(TEXTS, st.integers(2, 10))
def test_no_text_raises_and_nothing_is_invented(text: str, choices: int) -> None:
    parts = parts_of(text, choices)
    for value in values(parts):
        assert squashed(value) in squashed(text)
    letters = [*parts.analysis, *([parts.answer] if parts.answer else [])] if parts else []
    for letter in letters:
        assert letter in LETTERS[:choices]
        assert letter in text.upper()
    stated_letter(text, parts, choices)


@given(st.sampled_from([row[1] for row in REPLIES]), st.data())
def test_a_text_that_breaks_off_has_no_part_that_is_not_in_it(text: str, data: Any) -> None:
    cut = text[: data.draw(st.integers(0, len(text)))]
    for value in values(parts_of(cut, 4)):
        assert squashed(value) in squashed(cut)


# ------------------------------------------------------------------ there and back

_LINE = st.from_regex(
    r"[a-z\u00e0-\u00ff(=.+][a-z0-9 :,'\"()=+.\u00e0-\u00ff-]{0,38}[a-z0-9.)]", fullmatch=True
)
_TEXT = st.lists(_LINE, min_size=1, max_size=4).map("\n".join)
PARTS = st.builds(
    lambda understanding, analysis, reasoning, conclusion, answer: ExplanationParts.model_validate(
        {
            "understanding": understanding,
            "analysis": dict(zip("ABCD", analysis, strict=False)),
            "reasoning": reasoning,
            "conclusion": conclusion,
            "answer": answer,
        }
    ),
    _TEXT, st.lists(_TEXT, min_size=2, max_size=4), _TEXT, _TEXT, st.sampled_from("ABCD"),
)  # fmt: skip


def block(text: str, indent: str) -> str:
    return "|\n" + "\n".join(f"{indent}{line}" for line in text.split("\n"))


def double_quoted(text: str, _indent: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@given(
    PARTS,
    st.permutations(["understanding", "analysis", "reasoning", "conclusion", "answer"]),
    st.sampled_from([block, double_quoted]),
    st.sampled_from(["  ", "    ", "\t"]),
    st.booleans(),
    st.sampled_from([str.lower, str.title, str.upper]),
    st.booleans(),
)
def test_what_is_written_well_is_read_whole(
    parts: ExplanationParts,
    order: list[str],
    style: Any,
    indent: str,
    listed: bool,
    spelling: Any,
    fenced: bool,
) -> None:
    lines = []
    for name in order:
        value = getattr(parts, name)
        if name == "analysis":
            lines.append(f"{spelling(name)}:")
            mark = "- " if listed else ""
            for letter, text in value.items():
                lines.append(f"{indent}{mark}{letter}: {style(text, indent * 3)}")
        elif name == "answer":
            lines.append(f"{spelling(name)}: {value}")
        else:
            lines.append(f"{spelling(name)}: {style(value, indent)}")
    text = "\n".join(["```yaml", *lines, "```", "Done: all."] if fenced else lines)
    assert parts_of(text, 4) == parts


# ------------------------------------------------------------------ how long it takes

_LONG = 200_000


@pytest.mark.parametrize(
    "text",
    [
        " " * _LONG,
        "\t" * _LONG + "answer: A",
        "\n" * _LONG,
        "reasoning: " * (_LONG // 11),
        "reasoning: x\n" * (_LONG // 13),
        "analysis:\n" + "- A: x\n" * (_LONG // 7),
        "analysis: " + "A: x. B: y. " * (_LONG // 12),
        'reasoning: "' + '\\"' * (_LONG // 2),
        "reasoning: '" + "''" * (_LONG // 2),
        "reasoning: '" + "'' " * (_LONG // 3),
        "reasoning:\n" + ("  " * 50 + "x\n") * (_LONG // 102),
        "analysis:\n" + "A:\n" + ("]\n" * (_LONG // 2)),
        "{" * _LONG,
        "[" * _LONG + "{}",
        '{"a":' * (_LONG // 5) + "1" + "}" * (_LONG // 5),
        '{"a": 1' + "0" * _LONG + "}",
        "```\n" * (_LONG // 4),
        "*" * _LONG,
        "understanding" + "_" * _LONG + ":",
        "reasoning: |\n" + " \t" * (_LONG // 2),
        "<think>" * (_LONG // 7),
    ],
    ids=range(21),
)  # fmt: skip
def test_time_is_linear_in_the_text(text: str) -> None:
    """What grows with the square takes minutes for so many characters."""
    begun = time.process_time()
    parts_of(text, 4)
    assert time.process_time() - begun < 5.0
