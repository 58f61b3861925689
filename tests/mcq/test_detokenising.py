"""Pieces of text are whole characters, are never taken back, and make the whole text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcq.detokenising import Detokeniser
from tests.checkpoints import tiny_tokenizer

Decode = Callable[[Sequence[int]], str]


def pieces(decode: Decode, tokens: Sequence[int]) -> list[str]:
    said = Detokeniser(decode)
    return [*(said.add(token) for token in tokens), said.rest()]


def of_bytes(tokens: Sequence[int]) -> str:
    """A byte a token, as byte-level vocabularies decode them."""
    return bytes(tokens).decode("utf-8", "replace")


def by_fallback(tokens: Sequence[int]) -> str:
    """As Llama's and Mistral's tokenizers decode the bytes of rare characters: a run of them is
    read together, and a single bad one spoils the run."""
    from tokenizers import decoders

    decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return str(
        decoder.decode([f"<0x{token:02X}>" if token < 256 else chr(token) for token in tokens])
    )


def after_a_blank(tokens: Sequence[int]) -> str:
    """As SentencePiece's do it: the first word's blank is left out."""
    return "".join(f" w{token}" for token in tokens)[1:]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_tokenizer()


@given(st.text())
def test_bytes_become_whole_characters(text: str) -> None:
    told = pieces(of_bytes, text.encode())
    assert "".join(told) == text
    # Each piece is a character by itself: no half ones, and none waits for the next.
    whole = [piece for piece in told if piece]
    if "\ufffd" not in text:
        assert whole == list(text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\ufffd")))
def test_a_real_tokenizer_gives_the_text_back(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]

    def decode(tokens: Sequence[int]) -> str:
        return str(tokenizer.decode(tokens, clean_up_tokenization_spaces=False))

    told = pieces(decode, ids)
    assert "".join(told) == decode(ids) == text
    assert not any("\ufffd" in piece for piece in told)


@given(st.text(st.characters(min_codepoint=0x100, max_codepoint=0x2FFFF, codec="utf-8")))
def test_bytes_between_characters_become_whole(text: str) -> None:
    """Every second character is written in bytes, the others as tokens of their own."""
    tokens: list[int] = []
    for place, letter in enumerate(text):
        tokens += list(letter.encode()) if place % 2 else [ord(letter)]
    told = pieces(by_fallback, tokens)
    assert "".join(told) == text
    assert all(piece in set(text) | {""} for piece in told)


@given(st.lists(st.integers(0, 9)))
def test_blanks_before_words_stay(tokens: list[int]) -> None:
    assert "".join(pieces(after_a_blank, tokens)) == after_a_blank(tokens)


@pytest.mark.parametrize(("decode", "end"), [(of_bytes, b"end"), (by_fallback, [0x672B])])
@given(tokens=st.lists(st.integers(0, 255), max_size=200))
def test_bytes_that_are_no_text_do_not_stop_it(
    decode: Decode, end: Sequence[int], tokens: list[int]
) -> None:
    longest = 0

    def counted(some: Sequence[int]) -> str:
        nonlocal longest
        longest = max(longest, len(some))
        return decode(some)

    assert "".join(pieces(counted, [*tokens, *end])).endswith(decode(end))
    assert longest < 80


def test_a_character_that_ends_half_is_told_at_the_end() -> None:
    assert pieces(of_bytes, b"a\xf0\x9f") == ["a", "", "", "\ufffd"]


def test_a_long_run_of_broken_bytes_is_told_meanwhile() -> None:
    told = pieces(of_bytes, b"\x80" * 100 + "é".encode())
    assert "".join(told[:-2]).count("\ufffd") > 60
    assert "".join(told).endswith("é")
