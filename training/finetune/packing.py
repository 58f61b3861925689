"""Which examples share a forward pass: many small ones side by side, none cut.

First-fit decreasing within a window of shuffled examples: longest first, each into the
first row that has room. It needs at most 11/9 of the fewest rows possible, plus 6/9 of one
(Dósa, 2007, "The tight bound of first fit decreasing bin-packing"). The window keeps an
epoch's order random; packing does not change what is learned from an example, since none
in a row sees another (arXiv:2107.02027). Pure functions of lengths and seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

# Rows packed together: the last of a window is part empty, so enough of them to lose some
# 2 %, and few enough that who shares a row stays random.
WINDOW_ROWS: Final = 32


def pack(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Rows of places in ``lengths``: each place once, no row's sum over ``room``.
    ``ValueError`` when one alone is longer than that."""
    rows: list[list[int]] = []
    left: list[int] = []
    # Sorting is stable: equal lengths stay in the order in which they came.
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        length = lengths[place]
        if length > room:
            raise ValueError(f"a length of {length} does not fit into {room}")
        row = next((row for row, free in enumerate(left) if free >= length), None)
        if row is None:
            rows.append([])
            left.append(room)
            row = len(rows) - 1
        rows[row].append(place)
        left[row] -= length
    return rows


def side_by_side(lengths: Sequence[int], room: int) -> list[list[int]]:
    """As ``pack`` for rows of one example each, padded to the longest: the places of one
    pass, whose padded area stays within ``room``."""
    passes: list[list[int]] = []
    longest = 0
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if lengths[place] > room:
            raise ValueError(f"a length of {lengths[place]} does not fit into {room}")
        # The first of a pass is its longest.
        if passes and (len(passes[-1]) + 1) * longest <= room:
            passes[-1].append(place)
        else:
            passes.append([place])
            longest = lengths[place]
    return passes


def pass_order(
    lengths: Sequence[int], room: int, seed: int, *, packed: bool
) -> Iterator[list[int]]:
    """The places of each pass, without end: every epoch each place once. ``ValueError``
    without any lengths."""
    if not lengths:
        raise ValueError("there is nothing to put in order")
    rng = Random(f"proctor-packing-1:{seed}")
    arrange = pack if packed else side_by_side
    while True:
        epoch = list(range(len(lengths)))
        rng.shuffle(epoch)
        for window in _windows(epoch, lengths, WINDOW_ROWS * room):
            passes = arrange([lengths[place] for place in window], room)
            rng.shuffle(passes)
            for inner in passes:
                yield [window[place] for place in inner]


def _windows(epoch: Sequence[int], lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """``epoch`` cut into runs of consecutive places with at most ``tokens`` in each."""
    window: list[int] = []
    held = 0
    for place in epoch:
        if held + lengths[place] > tokens and window:
            yield window
            window, held = [], 0
        window.append(place)
        held += lengths[place]
    yield window
