from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.finetune.packing import WINDOW_ROWS, pack, pass_order, side_by_side

ROOM = 100
LENGTHS = st.lists(st.integers(1, ROOM), min_size=1, max_size=80)


@given(LENGTHS)
@settings(deadline=None)
def test_every_place_is_in_one_row_and_no_row_is_over_the_room(lengths: list[int]) -> None:
    rows = pack(lengths, ROOM)
    assert sorted(place for row in rows for place in row) == list(range(len(lengths)))
    assert all(sum(lengths[place] for place in row) <= ROOM for row in rows)


@given(LENGTHS)
@settings(deadline=None)
def test_rows_are_near_the_fewest_possible(lengths: list[int]) -> None:
    """The tight bound of first-fit decreasing, against the bound that the sum gives."""
    rows = len(pack(lengths, ROOM))
    big = sum(length > ROOM // 2 for length in lengths)  # no two of these share a row
    fewest = max(-(-sum(lengths) // ROOM), big)
    # No row but one is half empty: two such would have been one.
    assert rows <= max(1, 2 * fewest)
    half_empty = [row for row in pack(lengths, ROOM) if sum(lengths[p] for p in row) * 2 <= ROOM]
    assert len(half_empty) <= 1


def test_longest_first_into_the_first_row_with_room() -> None:
    assert pack([30, 70, 20, 50, 10, 60], 100) == [[1, 0], [5, 2, 4], [3]]
    assert pack([], 100) == []


@given(LENGTHS)
@settings(deadline=None)
def test_side_by_side_the_padded_area_is_within_the_room(lengths: list[int]) -> None:
    passes = side_by_side(lengths, ROOM)
    assert sorted(place for one in passes for place in one) == list(range(len(lengths)))
    assert all(len(one) * max(lengths[place] for place in one) <= ROOM for one in passes)


@pytest.mark.parametrize("arrange", [pack, side_by_side])
def test_what_fits_into_no_row_is_an_error(arrange: object) -> None:
    with pytest.raises(ValueError, match="101 does not fit into 100"):
        arrange([5, 101], 100)  # type: ignore[operator]


@given(LENGTHS, st.integers(0, 5), st.booleans())
@settings(deadline=None)
def test_every_place_comes_once_an_epoch_in_an_order_of_the_seed(
    lengths: list[int], seed: int, packed: bool
) -> None:
    order = pass_order(lengths, ROOM, seed, packed=packed)
    for epoch in range(1, 4):
        seen: Counter[int] = Counter()
        while seen.total() < len(lengths):
            seen.update(next(order))
        assert seen == Counter(range(len(lengths))), f"epoch {epoch}"
    again = pass_order(lengths, ROOM, seed, packed=packed)
    other = pass_order(lengths, ROOM, seed, packed=packed)
    assert list(islice(again, 9)) == list(islice(other, 9))


def test_another_seed_is_another_order_and_a_window_bounds_who_shares() -> None:
    # 10 of length 10 a row, and a window is 32 rows: 320 of them, then the other 320.
    lengths = [10] * (20 * WINDOW_ROWS)
    first, second = (list(islice(pass_order(lengths, ROOM, s, packed=True), 64)) for s in (1, 2))
    assert first != second
    assert all(len(row) == 10 for row in first)
    assert {place for row in first[:32] for place in row}.isdisjoint(
        place for row in first[32:] for place in row
    )


@pytest.mark.parametrize("room", [1_024, 16_384])
def test_rows_of_questions_are_nearly_full(room: int) -> None:
    rng = Random(5)
    lengths = [rng.randint(80, 320) for _ in range(6_000)]
    rows = 0
    left = len(lengths)
    for row in pass_order(lengths, room, 1, packed=True):
        rows, left = rows + 1, left - len(row)
        if not left:
            break
    assert sum(lengths) / (rows * room) > 0.95


def test_nothing_has_no_order() -> None:
    with pytest.raises(ValueError, match="nothing to put in order"):
        next(pass_order([], ROOM, 1, packed=True))
