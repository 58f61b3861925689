"""Loops, nested loops and comprehensions."""

from __future__ import annotations

from random import Random

from mcq.bank.group import Facet, Group, both, choice_of, numbers
from mcq.bank.words import digits, name, word

TESTS = both("above", "below", "test_is_reversed", "test_is_reversed")


def _items(rng: Random, count: int) -> list[int]:
    return digits(rng, count, 1, 20)


def _operators(rng: Random, count: int) -> Facet:
    known = {"plus": "+", "minus": "-", "times": "*"}
    return Facet("op", {key: known[key] for key in rng.sample(sorted(known), count)})


def _ends(values: range) -> Facet:
    return numbers("end", values, up="range_end_is_inclusive", down="range_ends_too_early")


def _part() -> Facet:
    labels = both("all", "rest", "loop_skips_the_first", "loop_starts_at_the_first")
    labels |= both("all", "front", "loop_skips_the_last", "loop_reaches_the_last")
    labels |= both("all", "back", "loop_runs_backwards", "loop_runs_forwards")
    return choice_of("part", labels, all="", rest="[1:]", front="[:-1]", back="[::-1]")


def loops(rng: Random, difficulty: str) -> Group:
    """A loop over a list (easy), over a range (medium), with a test or a jump (hard)."""
    x = name(rng)
    by = rng.randint(2, 9)
    if difficulty == "easy":
        items = _items(rng, rng.randint(3, 4))
        text = f"{x} = []\nfor i in {items}@part@:\n    {x}.append(i @op@ {by})\nprint({x})"
        return Group(f"loops:{items}:{by}", text, (_part(), _operators(rng, 2)))
    if difficulty == "medium":
        start, by = rng.randint(0, 60), rng.randint(2, 99)
        end = start + rng.randint(2, 4)
        text = f"{x} = [{by}]\nfor i in range({start}, @end@):\n    {x}.@put@\nprint({x})"
        put = choice_of(
            "put", append="append(i)", insert_first="insert(0, i)", insert_second="insert(1, i)"
        )
        return Group(f"loops:{start}:{by}", text, (_ends(range(end, end + 2)), put))
    items = _items(rng, rng.randint(4, 5))
    middle = sorted(items)[len(items) // 2]
    test = choice_of(
        "test", TESTS, above=f"i > {middle}", below=f"i < {middle}", equal=f"i == {middle}"
    )
    labels = both("continue", "break", "continue_ends_the_loop", "break_goes_on")
    jump = Facet("jump", {"continue": "continue", "break": "break"}, labels)
    order = choice_of(
        "order",
        both("before", "after", "jump_comes_before", "jump_comes_after"),
        before=f"    if @test@:\n        @jump@\n    {x}.append(i)",
        after=f"    {x}.append(i)\n    if @test@:\n        @jump@",
    )
    text = f"{x} = []\nfor i in {items}:\n@order@\nprint({x})"
    return Group(f"loops:{items}", text, (order, test, jump))


def nested_loops(rng: Random, difficulty: str) -> Group:
    """Letters of two words (easy), numbers of two lists (medium), with a jump (hard)."""
    x = name(rng)
    if difficulty == "easy":
        left, right = word(rng, 2, 2), word(rng, 2, 3)
        body = choice_of("body", i_then_j="i + j", j_then_i="j + i")
        place = choice_of("place", at_the_end=f"{x} += @body@", at_the_front=f"{x} = @body@ + {x}")
        text = f'{x} = ""\n@nesting@\n        @place@\nprint({x})'
        nesting = _nesting(f'"{left}"', f'"{right}"')
        return Group(f"nested_loops:{left}:{right}", text, (nesting, place, body))
    one, two = digits(rng, 3 if difficulty == "hard" else 2, 1, 9), digits(rng, 2, 1, 9)
    key = f"nested_loops:{one}:{two}"
    if difficulty == "medium":
        text = f"{x} = []\n@nesting@\n        {x}.append(i @op@ j)\nprint({x})"
        return Group(key, text, (_nesting(str(one), str(two)), _operators(rng, 3)))
    test = choice_of("test", TESTS, above="i > j", below="i < j", equal="i == j")
    labels = both("continue", "break", "continue_ends_the_loop", "break_goes_on")
    jump = Facet("jump", {"continue": "continue", "break": "break"}, labels)
    shown = choice_of("shown", outer="i", inner="j")
    text = (
        f"{x} = []\nfor i in {one}:\n    for j in {two}:\n        if @test@:\n"
        f"            @jump@\n        {x}.append(@shown@)\nprint({x})"
    )
    return Group(key, text, (test, jump, shown))


def _nesting(one: str, two: str) -> Facet:
    """Which loop is the outer one: ``i`` over ``one`` or ``j`` over ``two``."""
    labels = both("first_outside", "second_outside", "inner_loop_is_slow", "inner_loop_is_slow")
    return choice_of(
        "nesting",
        labels,
        first_outside=f"for i in {one}:\n    for j in {two}:",
        second_outside=f"for j in {two}:\n    for i in {one}:",
    )


def comprehensions(rng: Random, difficulty: str) -> Group:
    """A map (easy), a filter (medium), a choice inside or two loops (hard)."""
    x = name(rng)
    items, by = _items(rng, rng.randint(3, 4)), rng.randint(2, 9)
    key, head = f"comprehensions:{items}:{by}", f"{x} = {items}\n"
    if difficulty == "easy":
        text = f"{head}print([i @op@ {by} for i in {x}@part@])"
        return Group(key, text, (_operators(rng, 2), _part()))
    items = _items(rng, rng.randint(4, 5))
    middle = sorted(items)[rng.randint(1, 2)]
    key, head = f"comprehensions:{items}:{by}:{middle}", f"{x} = {items}\n"
    strict = {
        ("above", "from"): "bound_is_included",
        ("from", "above"): "bound_is_left_out",
        ("below", "up_to"): "bound_is_included",
        ("up_to", "below"): "bound_is_left_out",
    }
    test = choice_of(
        "test",
        TESTS | strict,
        above=f"i > {middle}",
        below=f"i < {middle}",
        up_to=f"i <= {middle}",
        **{"from": f"i >= {middle}"},
    )
    if difficulty == "medium":
        key = f"comprehensions:{items}:{middle}"
        text = f"{head}print([@shown@ for i in {x} if @test@])"
        shown = choice_of("shown", item="i", item_changed=f"i + {by}")
        return Group(key, text, (test, shown))
    form = choice_of(
        "form",
        both("change_first", "keep_first", "branches_are_swapped", "branches_are_swapped"),
        change_first=f"i + {by} if @test@ else i",
        keep_first=f"i if @test@ else i + {by}",
    )
    text = f"{head}print([@form@ for i in {x}])"
    return Group(key, text, (form, test))
