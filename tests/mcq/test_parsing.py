"""A letter is read where it is stated, and invented nowhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.questions import LETTERS, letters_for
from mcq.parsing import letter_of
from mcq.reply_text import without_code

STATED = [
    ("The answer is (B)", "B"),
    ("The answer is B", "B"),
    ("the answer is (b)", "B"),
    ("Answer: B", "B"),
    ("Answer:B", "B"),
    ("**Answer:** B", "B"),
    ("## Answer\n\nB", "B"),
    ("Answer:\n\nB. 2", "B"),
    ("The correct answer is **B**.", "B"),
    ("The correct answer is option (C).", "C"),
    ("Best option: C", "C"),
    ("The answer is B because it is", "B"),
    ("The answer is B (the list)", "B"),
    ("The answer is B - the list", "B"),
    ("The answer is **B. the list**", "B"),
    ("The final answer is: $\\boxed{B}$", "B"),
    ("$\\boxed{\\text{C}}$", "C"),
    ("(B) is correct", "B"),
    ("A is the answer", "A"),
    ("Option B is the correct answer", "B"),
    ("so (A) is incorrect, (B) is correct.", "B"),
    ("I would go with option D.", "D"),
    ("I think the answer is B.", "B"),
    ("It doesn't print 3, so the answer is B.", "B"),
    ("The answer is B, and A is wrong", "B"),
    ("The answer is B, C is wrong because x", "B"),
    ("The answer is (A). Wait. The answer is (D).", "D"),
    ("If the answer is B, then x. The answer is C.", "C"),
    ("B", "B"),
    ("B.", "B"),
    ("**B**", "B"),
    ("**(B)**", "B"),
    ("(B) 42", "B"),
    ("B) 42", "B"),
    ("B, because", "B"),
    ("**B. The list**", "B"),
    ("```\nThe answer is (A)\n```\nAnswer: C", "C"),
    ("Understanding: x\nAnalysis:\n  A: no\n  B: yes\nConclusion: c\nAnswer: B", "B"),
]
NOT_STATED = [
    "",
    "A program prints 3",
    "The answer is A list",
    "The answer is a list",
    "The answer is C++",
    "The answer is `x`",
    "answer is B.append(3)",
    "The answer is [A, B]",
    "The answer is A or B",
    "The answer is (A) and (C)",
    "The answer is not B",
    "I don't think the answer is B",
    "The answer is B?",
    "Is (B) correct?",
    "Neither (A) is correct",
    "Thread A is correct",
    "A is right-associative",
    "A's",
    "A: it is so",
    "A\nB\nC\nD",
    "A. 1\nB. 2\nC. 3",
    "Answer:\nA. 1\nB. 2\nC. 3",
    "```\nThe answer is (B)\n```",
    "~~~~\n```\nB\n~~~\nThe answer is (B)",
    "The answer is (F)",
    "The answer is E.",
]


@pytest.mark.parametrize(("reply", "letter"), STATED)
def test_a_stated_letter_is_read(reply: str, letter: str) -> None:
    assert letter_of(reply, 4) == letter


@pytest.mark.parametrize("reply", NOT_STATED)
def test_what_states_no_letter_gives_none(reply: str) -> None:
    assert letter_of(reply, 4) is None


def test_a_letter_without_a_choice_does_not_count() -> None:
    assert letter_of("The answer is (E)", 5) == "E"
    assert letter_of("The answer is (E)", 4) is None
    assert letter_of("The answer is (B). The answer is (E).", 4) == "B"
    assert letter_of("E", 4) is None


SAID = st.sampled_from(
    ["The answer is ({})", "The answer is ({}).", "Answer: {}", "answer: **{}**", "Answer = {}."]
)
# No fence can open in it, and no statement begin on its last line.
PROSE = st.text(alphabet=st.characters(exclude_characters="`~", exclude_categories=["Cs"]))
CHOICES = st.integers(min_value=2, max_value=10)


@given(before=PROSE, said=SAID, choices=CHOICES, data=st.data())
def test_the_last_statement_wins_whatever_was_written_before(
    before: str, said: str, choices: int, data: st.DataObject
) -> None:
    letter = data.draw(st.sampled_from(letters_for(choices)))
    assert letter_of(f"{before}\n\n{said.format(letter)}", choices) == letter


@given(said=st.lists(SAID, min_size=1, max_size=4), choices=CHOICES, data=st.data())
def test_of_several_statements_the_last_that_has_a_choice_counts(
    said: list[str], choices: int, data: st.DataObject
) -> None:
    letters = [data.draw(st.sampled_from(LETTERS)) for _ in said]
    reply = "\n\n".join(one.format(letter) for one, letter in zip(said, letters, strict=True))
    offered = [letter for letter in letters if letter in letters_for(choices)]
    assert letter_of(reply, choices) == (offered[-1] if offered else None)


# Pieces that come near to a statement, so that chance puts them together in every way.
PIECES = st.sampled_from(
    [
        *("answer", "Answer:", "is", "not", "the", "correct", "option", "if", "or", "and", "I"),
        *("(", ")", "**", "`", "```", "\n", "\n\n", ".", ",", ":", "?", "#", "\\boxed{", "}"),
        *("A", "B", "C", "D", "E", "a", "b", "Apple", "B2", "C++", "choose", " ", "'"),
    ]
)


@given(pieces=st.lists(PIECES, max_size=30), spaced=st.booleans(), choices=CHOICES)
def test_no_letter_is_invented(pieces: list[str], spaced: bool, choices: int) -> None:
    """A letter that is read stands by itself outside fences, and has a choice."""
    reply = (" " if spaced else "").join(pieces)
    letter = letter_of(reply, choices)
    if letter is not None:
        assert letter in letters_for(choices)
        small = letter.lower()
        alone = rf"(?<![A-Za-z0-9]){letter}(?![A-Za-z0-9+])|(?<![A-Za-z0-9]){small}[).]?(?!\w)"
        assert re.search(alone, without_code(reply))


@given(words=st.lists(st.from_regex(r"[A-Za-z]{2,8}", fullmatch=True), max_size=30))
def test_words_alone_give_no_letter(words: list[str]) -> None:
    assert letter_of(" ".join(words), 10) is None


@given(
    fence=st.sampled_from(["```", "````", "~~~"]),
    inside=PROSE,
    outside=st.sampled_from(["", "Answer: C"]),
)
def test_what_stands_in_a_fence_is_not_read(fence: str, inside: str, outside: str) -> None:
    assume("\r" not in inside)
    reply = f"{fence}python\n{inside}\nThe answer is (B).\n{fence}\n{outside}"
    assert letter_of(reply, 4) == ("C" if outside else None)


@given(reply=st.text(), choices=CHOICES)
def test_any_text_is_taken(reply: str, choices: int) -> None:
    assert letter_of(reply, choices) in {None, *letters_for(choices)}
