"""The number of torch threads, from the environment."""

from __future__ import annotations

import pytest

from bentos.threads import read_threads
from contracts.errors import BadParams


@pytest.mark.parametrize("text", ["", "0", "65", "-1", "two", "1.0", "²", " 1", "9" * 5_000])
def test_threads_are_a_small_whole_number(text: str) -> None:
    with pytest.raises(BadParams, match="PROCTOR_ANSWERER_THREADS"):
        read_threads({"PROCTOR_ANSWERER_THREADS": text})


def test_threads_are_read() -> None:
    assert read_threads({"PROCTOR_ANSWERER_THREADS": "4"}) == 4
    assert read_threads({}) == 1
