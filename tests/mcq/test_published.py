"""CodeMMLU's own rules, with the letters that they invent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcq.published import published_letter


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("The answer is (B).", "B"),
        ("**C**", "C"),
        ("(D) is correct", "D"),
        ("The answer is (A). No: the answer is (B).", "A"),
        ("A program", "A"),
        ("answer is below", "b"),
        ("code is correct", "e"),
        ("42", None),
        ("Apple", None),
        ("I\n\nQuestion: what? The answer is (B)", None),
        ("so\n# The answer is (B)", None),
    ],
)
def test_the_published_rules_are_as_they_are(reply: str, letter: str | None) -> None:
    assert published_letter(reply) == letter


@given(reply=st.text())
def test_any_text_is_taken(reply: str) -> None:
    assert published_letter(reply) in {None, *"ABCDEabcde"}
