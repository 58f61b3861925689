"""Twins by 13-grams: all of them known, or the whole of a shorter program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcq.bank.contamination import (
    GRAM_TOKENS,
    all_sources,
    grams_of,
    grams_of_words,
    overlap,
    tokens_of,
    words_of,
)

LONG = "a = [1, 2, 3]\nb = a[1:]\nb.append(7)\nprint(a + b)"


def test_tokens_are_names_numbers_strings_and_signs_without_comments() -> None:
    assert tokens_of("x = 'a # b' + y2  # why\nprint(f(x)[1:])") == [
        *("v0", "=", "'a # b'", "+", "y2", "print", "(", "f", "(", "v0", ")"),
        *("[", "1", ":", "]", ")"),
    ]


def test_renaming_hides_nothing() -> None:
    other = LONG.replace("a = [", "x = [").replace("a[1", "x[1").replace("(a +", "(x +")
    assert other != LONG
    assert grams_of(other) == grams_of(LONG)


def test_a_text_that_is_no_program_keeps_its_words() -> None:
    assert tokens_of("which of a, b?") == ["which", "of", "a", ",", "b", "?"]


def test_prose_is_cut_at_words_and_signs_alone() -> None:
    assert words_of("It's C# or Bob's") == [*("it", "'", "s", "c", "#", "or", "bob", "'", "s")]
    assert tokens_of("if it's Bob's, why?")[4:7] == ["Bob", "'", "s"]
    assert grams_of_words("One two") == {"one two"}


def test_a_short_program_is_one_gram() -> None:
    assert grams_of("print(1)") == {"print ( 1 )"}
    assert grams_of("") == {""}


@given(st.integers(1, 60))
def test_a_program_of_n_tokens_has_at_most_n_less_12_grams(count: int) -> None:
    source = " + ".join(str(number) for number in range(count))
    tokens = tokens_of(source)
    assert len(grams_of(source)) == max(1, len(tokens) - GRAM_TOKENS + 1)
    assert all(len(gram.split()) == min(GRAM_TOKENS, len(tokens)) for gram in grams_of(source))


@pytest.mark.parametrize(
    ("training", "twins", "touched"),
    [
        ([LONG], (0,), 1),
        ([LONG.replace("7", "8")], (), 1),  # one number differs: not all grams are known
        ([f"{LONG}\nprint(9)"], (0,), 1),
        ([LONG[:20], LONG[20:]], (), 0),
        ([], (), 0),
    ],
)
def test_a_twin_is_covered_whole(training: list[str], twins: tuple[int, ...], touched: int) -> None:
    found = overlap([[LONG]], training)
    assert (found.twins, found.touched, found.questions) == (twins, touched, 1)
    assert found.touched_share == touched


def test_an_item_is_a_twin_when_any_of_its_programs_is() -> None:
    assert overlap([["print(1)", LONG], ["print(2)"]], [LONG]).twins == (0,)
    assert overlap([], [LONG]).touched_share == 0.0


def test_grams_of_several_items_may_cover_one() -> None:
    whole = LONG.split("\n")
    parts = ["\n".join(whole[:3]), "\n".join(whole[1:])]
    assert overlap([[LONG]], all_sources([[part] for part in parts])).twins == ()
    assert overlap([[LONG]], all_sources([["\n".join(whole)], parts])).twins == (0,)
