"""What is read together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcq.plans import BUSY_TOKENS, MOST_PADDING, Size, like_the_first


def sizes(*lengths: int) -> list[Size]:
    return [Size(1, length, length) for length in lengths]


def test_the_oldest_goes_with_those_of_its_length() -> None:
    waiting = sizes(100, 400, 101, 30, 99, 402)
    assert like_the_first(waiting, 10_000) == [0, 2, 4]
    assert like_the_first(waiting[1:], 10_000) == [0, 4]


def test_the_oldest_goes_whatever_its_length() -> None:
    assert like_the_first(sizes(5_000, 10, 5_000), 1_000) == [0]


def test_few_tokens_are_read_together_whatever_they_waste() -> None:
    """They do not keep the processor busy."""
    assert like_the_first(sizes(10, 30, 9), 10_000) == [0, 1, 2]


def test_a_batch_is_no_larger_than_its_limit() -> None:
    assert like_the_first(sizes(*[100] * 20), 1_000) == list(range(10))


def test_none_is_an_error() -> None:
    with pytest.raises(IndexError):
        like_the_first([], 10)


@given(
    st.lists(
        st.builds(
            lambda rows, length, given: Size(rows, length, max(length, rows * length - given)),
            st.integers(1, 10),
            st.integers(1, 500),
            st.integers(0, 400),
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 4_000),
)
def test_a_choice_is_a_batch(waiting: list[Size], limit: int) -> None:
    chosen = like_the_first(waiting, limit)
    assert chosen[0] == 0
    assert chosen == sorted(set(chosen))
    if len(chosen) > 1:
        taken = [waiting[place] for place in chosen]
        padded = sum(one.rows for one in taken) * max(one.longest for one in taken)
        tokens = sum(one.tokens for one in taken)
        assert padded <= limit
        newest = max(one.tokens for one in taken)
        assert 1 - tokens / padded <= MOST_PADDING or tokens - newest < BUSY_TOKENS
