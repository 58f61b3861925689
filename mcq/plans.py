"""The plan of what is read together: what all begin with, how large each question is, batches.

Pure functions over questions as tokens. Knows no model and no tokenizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mcq.scoring.scored import Asked
from mcq.tokens import shared_length

# A batch grows no further than this share of padding, once it keeps the processor busy.
MOST_PADDING: Final = 0.05
BUSY_TOKENS: Final = 64
# A question's tree may be so much longer than its longest row, which is read anyway: apart, its
# rows would read what they share again.
LONGEST_TREE: Final = 1.25
# Below, reading what prompts share apart costs more than it saves.
LEAST_PREFIX_TOKENS: Final = 8


@dataclass(frozen=True)
class Size:
    """Of one question in a batch: rows, the longest of them, tokens of all."""

    rows: int
    longest: int
    tokens: int


def in_parts(asked: Asked, skipped: int, limit: int) -> Asked:
    """The mask of a tree is as large as the square of its length."""
    return asked.within(skipped, max(limit, int((asked.longest - skipped) * LONGEST_TREE)))


def size_of(asked: Asked, skipped: int, *, shares: bool) -> Size:
    if shares:
        parts = asked.parts or (asked.rows,)
        # Of one in parts more than fits into a batch: no other is read with it.
        length = sum(replace(asked, rows=part).tree(skipped).length for part in parts)
        return Size(1, length, length)
    return Size(len(asked.rows), asked.longest, sum(row.length for row in asked.rows))


def common_prefix(asked: Sequence[Asked]) -> tuple[int, ...]:
    """The longest common start of all prompts that leaves each its last token; empty where
    it is not worth a pass of its own."""
    prompts = [row.prompt for one in asked for row in one.rows]
    if len(asked) < 2:  # noqa: PLR2004  # what rows of one question share is their stem
        return ()
    shared = min(shared_length(prompts), min(len(prompt) for prompt in prompts) - 1)
    return tuple(prompts[0][:shared]) if shared >= LEAST_PREFIX_TOKENS else ()


def batches_of(
    places: Sequence[int], sizes: Mapping[int, Size], limit: int
) -> tuple[tuple[int, ...], ...]:
    """Consecutive places whose rows, padded to the longest, fit into ``limit`` tokens and
    waste few of them."""
    batches: list[list[int]] = []
    rows = tokens = 0
    for place in places:
        size = sizes[place]
        # In ascending order the newest is the longest.
        padded = (rows + size.rows) * size.longest
        wasted = 1 - (tokens + size.tokens) / padded
        full = padded > limit or (wasted > MOST_PADDING and tokens >= BUSY_TOKENS)
        if batches and not full:
            batches[-1].append(place)
            rows, tokens = rows + size.rows, tokens + size.tokens
        else:
            batches.append([place])
            rows, tokens = size.rows, size.tokens
    return tuple(tuple(batch) for batch in batches)


def like_the_first(sizes: Sequence[Size], limit: int) -> list[int]:
    """Of questions in the order of their arrival: the first, and those of like length that are
    best read with it, as ``batches_of`` would fill a batch. ``limit``: padded tokens; the first
    goes whatever its length. Places, ascending. Raises ``IndexError`` for none."""
    first = sizes[0]
    chosen = [0]
    rows, tokens, longest = first.rows, first.tokens, first.longest
    nearest = sorted(range(1, len(sizes)), key=lambda place: abs(sizes[place].longest - longest))
    for place in nearest:
        size = sizes[place]
        wider = max(longest, size.longest)
        padded = (rows + size.rows) * wider
        wasted = 1 - (tokens + size.tokens) / padded
        if padded > limit or (wasted > MOST_PADDING and tokens >= BUSY_TOKENS):
            continue
        chosen.append(place)
        rows, tokens, longest = rows + size.rows, tokens + size.tokens, wider
    return sorted(chosen)
