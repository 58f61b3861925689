"""Indexing and slicing of words and lists."""

from __future__ import annotations

from random import Random

from mcq.bank.program import Draft, draft
from mcq.bank.words import digits, name, word


def _sequence(rng: Random, shortest: int, longest: int) -> tuple[str, int]:
    """The literal of a word or of a list of digits, and its length."""
    if rng.randint(0, 2):
        text = word(rng, shortest, longest)
        return f'"{text}"', len(text)
    items = digits(rng, rng.randint(shortest, longest))
    return repr(items), len(items)


def indexing(rng: Random, difficulty: str) -> Draft:
    """``s[i]``: from the front (easy), from the back (medium), of a sum of two (hard)."""
    variable = name(rng)
    literal, size = _sequence(rng, 5, 8)
    if difficulty == "easy":
        place = rng.randint(1, size - 2)
    elif difficulty == "medium":
        place = -rng.randint(2, size - 1)
    else:
        place = rng.randint(-size + 1, size - 2)
    head = f"{variable} = {literal}\n"

    def show(index: int) -> str:
        return f"{head}print({variable}[{index}])"

    if difficulty == "hard":
        first = rng.randint(1, 3)
        second = place - first if place > 0 else place + first
        sign = f"+ {first}" if place > 0 else f"- {first}"
        source = f"{head}i = {second}\nprint({variable}[i {sign}])"
        ignored = f"{head}print({variable}[{second if -size <= second < size else 0}])"
        extra = [("ignores_the_offset", ignored)]
    else:
        source = show(place)
        extra = []
    positive = place if place >= 0 else place + size
    wrong = [
        ("counts_from_one", show((positive - 1) % size)),
        ("off_by_one", show((positive + 1) % size)),
        ("counts_from_the_other_end", show(size - 1 - positive)),
        ("negative_counts_from_zero", show((positive - 2) % size)),
        ("takes_the_last", show(-1)),
        *extra,
    ]
    return draft(source, wrong)


def _slice(start: int | None, stop: int | None, step: int | None = None) -> str:
    text = f"{'' if start is None else start}:{'' if stop is None else stop}"
    return text if step is None else f"{text}:{step}"


def slicing(rng: Random, difficulty: str) -> Draft:
    """``s[i:j]``: one bound (easy), two bounds (medium), a negative bound or a step (hard)."""
    variable = name(rng)
    literal, size = _sequence(rng, 6, 9)
    head = f"{variable} = {literal}\n"

    def show(start: int | None, stop: int | None, step: int | None = None) -> str:
        return f"{head}print({variable}[{_slice(start, stop, step)}])"

    if difficulty == "easy":
        cut = rng.randint(2, size - 3)
        if rng.randint(0, 1):
            wrong = [
                ("start_is_exclusive", show(cut + 1, None)),
                ("counts_from_one", show(cut - 1, None)),
                ("start_taken_for_end", show(None, cut)),
            ]
            return draft(show(cut, None), wrong)
        wrong = [
            ("end_is_inclusive", show(None, cut + 1)),
            ("end_off_by_one", show(None, cut - 1)),
            ("counts_from_the_end", show(-cut, None)),
        ]
        return draft(show(None, cut), wrong)
    if difficulty == "medium":
        start = rng.randint(1, size - 4)
        stop = rng.randint(start + 2, size - 2)
        wrong = [
            ("end_is_inclusive", show(start, stop + 1)),
            ("counts_from_one", show(start - 1, stop)),
            ("start_is_exclusive", show(start + 1, stop)),
            ("counts_from_one_both", show(start - 1, stop - 1)),
        ]
        return draft(show(start, stop), wrong)
    form = rng.randint(0, 2)
    if form == 0:
        start, stop = rng.randint(1, size - 4), rng.randint(1, 2)
        wrong = [
            ("end_is_inclusive", show(start, -stop + 1 if stop > 1 else None)),
            ("negative_end_off_by_one", show(start, -stop - 1)),
            ("counts_from_one", show(start - 1, -stop)),
        ]
        return draft(show(start, -stop), wrong)
    if form == 1:
        start = rng.randint(0, 1)
        wrong = [
            ("step_starts_one_later", show(start + 1, None, 2)),
            ("step_taken_for_stop", show(start, -2)),
            ("skips_two", show(start, None, 3)),
            ("drops_the_last", show(start, size - 1 - (size - 1 - start) % 2, 2)),
        ]
        return draft(show(start, None, 2), wrong)
    cut = rng.randint(2, size - 3)
    wrong = [
        ("negative_step_ignored", show(None, cut + 1)),
        ("end_is_inclusive", show(cut + 1, None, -1)),
        ("end_off_by_one", show(cut - 1, None, -1)),
        ("reverses_the_rest", show(None, cut - 1, -1)),
    ]
    return draft(show(cut, None, -1), wrong)
