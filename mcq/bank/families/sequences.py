"""Indexing, slicing and repetition of words and lists."""

from __future__ import annotations

from random import Random

from mcq.bank.group import Facet, Group, both, choice_of, numbers
from mcq.bank.words import digits, name, two_names, word


def _sequence(rng: Random, shortest: int, longest: int) -> tuple[str, int]:
    """The literal of a word or of a list of digits, and its length."""
    if rng.randint(0, 2):
        text = word(rng, shortest, longest)
        return f'"{text}"', len(text)
    items = digits(rng, rng.randint(shortest, longest))
    return repr(items), len(items)


def _places(facet: str, values: range) -> Facet:
    return numbers(facet, values, up="off_by_one", down="counts_from_one")


def indexing(rng: Random, difficulty: str) -> Group:
    """``s[i]``: from the front (easy), from the back (medium), of a sum (hard)."""
    x = name(rng)
    literal, size = _sequence(rng, 5, 8)
    key, head = f"indexing:{literal}", f"{x} = {literal}\n"
    if difficulty == "easy":
        first = rng.randint(0, size - 4)
        return Group(key, f"{head}print({x}[@i@])", (_places("i", range(first, first + 4)),))
    if difficulty == "medium":
        first = rng.randint(-size, -4)
        return Group(key, f"{head}print({x}[@i@])", (_places("i", range(first, first + 4)),))
    first = rng.randint(1, size - 4)
    offset = rng.randint(1, 2)
    sign = choice_of("sign", plus="+", minus="-")
    text = f"{head}i = @i@\nprint({x}[i @sign@ {offset}])"
    return Group(key, text, (_places("i", range(first, first + 3)), sign))


def _ends(facet: str, values: range) -> Facet:
    return numbers(facet, values, up="end_is_inclusive", down="end_stops_early")


def _starts(facet: str, values: range) -> Facet:
    return numbers(facet, values, up="start_is_exclusive", down="counts_from_one")


def slicing(rng: Random, difficulty: str) -> Group:
    """``s[i:j]``: one bound (easy), two bounds (medium), a negative bound or a step (hard)."""
    x = name(rng)
    literal, size = _sequence(rng, 6, 9)
    key, text = f"slicing:{literal}", f"{x} = {literal}\nprint({x}[@cut@])"
    if difficulty == "easy":
        at = rng.randint(2, size - 4)
        cut = choice_of(
            "cut",
            both("start", "end", "start_taken_for_end", "end_taken_for_start"),
            start="@k@:",
            end=":@k@",
        )
        return Group(
            key,
            text,
            (cut, numbers("k", range(at, at + 3), up="bound_one_later", down="bound_one_earlier")),
        )
    if difficulty == "medium":
        at = rng.randint(0, size - 5)
        to = rng.randint(at + 3, size - 2)
        cut = choice_of("cut", two="@i@:@j@")
        return Group(
            key, text, (cut, _starts("i", range(at, at + 2)), _ends("j", range(to, to + 3)))
        )
    form = rng.randint(0, 2)
    if form == 0:
        at, to = rng.randint(0, size - 6), rng.randint(-3, -3)
        cut = choice_of("cut", two="@i@:@j@")
        return Group(
            key, text, (cut, _starts("i", range(at, at + 2)), _ends("j", range(to, to + 3)))
        )
    if form == 1:
        cut = choice_of(
            "cut",
            both("step", "stop", "step_taken_for_stop", "stop_taken_for_step"),
            step="@i@::2",
            stop="@i@:-2",
            third="@i@::3",
        )
        return Group(key, text, (cut, _starts("i", range(3))))
    at = rng.randint(2, size - 4)
    cut = choice_of(
        "cut",
        both("back_from", "up_to", "negative_step_ignored", "step_taken_for_negative"),
        back_from="@k@::-1",
        back_to=":@k@:-1",
        up_to=":@k@",
    )
    return Group(
        key,
        text,
        (cut, numbers("k", range(at, at + 2), up="bound_one_later", down="bound_one_earlier")),
    )


def repetition(rng: Random, difficulty: str) -> Group:
    """A sum repeated (easy), a product in a sum (medium), ``+=`` or lists (hard)."""
    x, y = two_names(rng)
    times = numbers("n", (2, 3), up="one_time_too_many", down="one_time_too_few")
    one, two = word(rng, 2, 3), word(rng, 1, 2)
    head = f'{x} = "{one}"\n{y} = "{two}"\n'
    key = f"repetition:{one}:{two}"
    if difficulty == "easy":
        order = choice_of("order", first_second=f"{x} + {y}", second_first=f"{y} + {x}")
        return Group(key, f"{head}print((@order@) * @n@)", (order, times))
    grouping = both("second_repeated", "both_repeated", "sum_before_product", "product_before_sum")
    if difficulty == "hard" and rng.randint(0, 1):
        act = choice_of(
            "act",
            both("adds", "assigns", "adding_assigns", "assigning_adds"),
            adds=f"{x} += @part@",
            assigns=f"{x} = @part@",
        )
        part = choice_of("part", second=f"{y} * @n@", first=f"{x} * @n@", sum=f"{x} + {y}")
        return Group(key, f"{head}@act@\nprint({x})", (act, part, times))
    if difficulty == "hard":
        items, more = digits(rng, 2), digits(rng, rng.randint(1, 2))
        key, head = f"repetition:{items}:{more}", f"{x} = {items}\n{y} = {more}\n"
    part = choice_of(
        "part",
        grouping,
        second_repeated=f"{x} + {y} * @n@",
        first_repeated=f"{x} * @n@ + {y}",
        both_repeated=f"({x} + {y}) * @n@",
        second_leads=f"{y} * @n@ + {x}",
        first_follows=f"{y} + {x} * @n@",
    )
    return Group(key, f"{head}print(@part@)", (part, times))
