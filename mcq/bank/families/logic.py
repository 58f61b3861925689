"""Boolean expressions, and loops over ranges."""

from __future__ import annotations

from random import Random

from mcq.bank.program import Draft, draft
from mcq.bank.words import digits, name, two_names


def _comparison(rng: Random, variable: str, value: int) -> tuple[str, str]:
    """A comparison near ``value``, and the one that a hasty reader sees instead."""
    operator, mistaken = rng.choice(
        [(">", ">="), (">=", ">"), ("<", "<="), ("<=", "<"), ("==", "!="), ("!=", "==")]
    )
    other = value + rng.randint(-1, 1)
    return f"{variable} {operator} {other}", f"{variable} {mistaken} {other}"


def booleans(rng: Random, difficulty: str) -> Draft:
    """Two comparisons (easy), joined by and/or (medium), with ``not`` and precedence (hard).

    Two or three booleans are printed, so that four answers of one type exist.
    """
    first, second = two_names(rng)
    x, y = rng.randint(1, 9), rng.randint(1, 9)
    head = f"{first} = {x}\n{second} = {y}\n"
    left, left_wrong = _comparison(rng, first, x)
    right, right_wrong = _comparison(rng, second, y)

    def show(one: str, two: str) -> str:
        return f"{head}print({one}, {two})"

    if difficulty == "easy":
        wrong = [
            ("boundary_of_the_first", show(left_wrong, right)),
            ("boundary_of_the_second", show(left, right_wrong)),
            ("boundary_of_both", show(left_wrong, right_wrong)),
            ("reads_the_second_as_its_opposite", show(left, f"not {right}")),
            ("reads_the_first_as_its_opposite", show(f"not {left}", right)),
            ("reads_both_as_their_opposites", show(f"not {left}", f"not {right}")),
        ]
        return draft(show(left, right), wrong)
    joined, swapped = rng.choice([("and", "or"), ("or", "and")])
    if difficulty == "medium":
        wrong = [
            (f"{joined}_read_as_{swapped}", show(f"{left} {swapped} {right}", left)),
            ("boundary_of_the_first", show(f"{left_wrong} {joined} {right}", left_wrong)),
            ("boundary_of_the_second", show(f"{left} {joined} {right_wrong}", left)),
            ("reads_the_opposite", show(f"not ({left} {joined} {right})", left)),
            ("reads_the_second_as_its_opposite", show(f"{left} {joined} {right}", f"not {left}")),
            (
                "reads_both_as_their_opposites",
                show(f"not ({left} {joined} {right})", f"not {left}"),
            ),
        ]
        return draft(show(f"{left} {joined} {right}", left), wrong)
    wrong = [
        ("not_reaches_the_whole", show(f"not ({left} {joined} {right})", f"not {right}")),
        ("not_ignored", show(f"{left} {joined} {right}", f"not {right}")),
        ("second_not_ignored", show(f"not {left} {joined} {right}", right)),
        (f"{joined}_read_as_{swapped}", show(f"not {left} {swapped} {right}", f"not {right}")),
        ("every_not_ignored", show(f"{left} {joined} {right}", right)),
        ("reads_the_opposite", show(f"not (not {left} {joined} {right})", f"not {right}")),
        ("reads_both_as_their_opposites", show(f"not (not {left} {joined} {right})", right)),
    ]
    return draft(show(f"not {left} {joined} {right}", f"not {right}"), wrong)


def loops(rng: Random, difficulty: str) -> Draft:
    """A loop over a list (easy), over a range (medium), with a step or a test (hard)."""
    variable = name(rng)

    def gather(over: str, item: str, test: str = "") -> str:
        body = f"    {variable}.append({item})"
        if test:
            body = f"    if {test}:\n        {variable}.append({item})"
        return f"{variable} = []\nfor i in {over}:\n{body}\nprint({variable})"

    add = rng.randint(1, 5)
    item = rng.choice([f"i + {add}", f"i * {add + 1}"])
    if difficulty == "easy":
        items = digits(rng, rng.randint(3, 4))
        wrong = [
            ("loop_skips_the_first", gather(f"{items[1:]}", item)),
            ("loop_skips_the_last", gather(f"{items[:-1]}", item)),
            ("expression_ignored", gather(f"{items}", "i")),
            ("loop_runs_backwards", gather(f"{items[::-1]}", item)),
            ("loop_sorts", gather(f"{sorted(items)}", item)),
        ]
        return draft(gather(f"{items}", item), wrong)
    start = rng.randint(0, 60)
    if difficulty == "medium":
        stop = start + rng.randint(3, 5)
        wrong = [
            ("range_end_is_inclusive", gather(f"range({start}, {stop + 1})", item)),
            ("range_start_is_exclusive", gather(f"range({start + 1}, {stop})", item)),
            ("range_is_shifted", gather(f"range({start + 1}, {stop + 1})", item)),
            ("expression_ignored", gather(f"range({start}, {stop})", "i")),
        ]
        return draft(gather(f"range({start}, {stop})", item), wrong)
    item = item if rng.randint(0, 1) else "i"
    if rng.randint(0, 1):
        step = rng.randint(2, 4)
        stop = start + step * rng.randint(2, 3)
        wrong = [
            ("range_end_is_inclusive", gather(f"range({start}, {stop + 1}, {step})", item)),
            ("range_skips_the_first", gather(f"range({start + step}, {stop + 1}, {step})", item)),
            ("range_starts_one_later", gather(f"range({start + 1}, {stop + 1}, {step})", item)),
            ("step_off_by_one", gather(f"range({start}, {stop}, {step + 1})", item)),
            ("step_ignored", gather(f"range({start}, {start + 3})", item)),
        ]
        return draft(gather(f"range({start}, {stop}, {step})", item), wrong)
    stop = start + rng.randint(4, 6)
    kept = rng.randint(0, 1)
    test, opposite = f"i % 2 == {kept}", f"i % 2 == {1 - kept}"
    wrong = [
        ("test_is_reversed", gather(f"range({start}, {stop})", item, opposite)),
        ("range_end_is_inclusive", gather(f"range({start}, {stop + 1})", item, test)),
        ("range_start_is_exclusive", gather(f"range({start + 1}, {stop})", item, test)),
        ("range_ends_too_early", gather(f"range({start}, {stop - 1})", item, test)),
        ("test_reversed_and_inclusive", gather(f"range({start}, {stop + 1})", item, opposite)),
        ("test_reversed_and_exclusive", gather(f"range({start + 1}, {stop})", item, opposite)),
    ]
    return draft(gather(f"range({start}, {stop})", item, test), wrong)
