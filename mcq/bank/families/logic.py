"""Comparisons joined by and, or, not; division and its signs."""

from __future__ import annotations

from random import Random

from mcq.bank.group import Facet, Group, both, choice_of
from mcq.bank.words import digits, two_names

COMPARISONS = {
    "less": "<",
    "at_most": "<=",
    "greater": ">",
    "at_least": ">=",
    "equal": "==",
    "unequal": "!=",
}
JOINS = both("and", "or", "and_read_as_or", "or_read_as_and")
NEGATION = both("plain", "negated", "reads_the_opposite", "not_is_ignored")


def _comparison(rng: Random, facet: str, count: int) -> Facet:
    return Facet(facet, {key: COMPARISONS[key] for key in rng.sample(sorted(COMPARISONS), count)})


def booleans(rng: Random, difficulty: str) -> Group:
    """Two comparisons (easy), joined (medium), with not and its precedence (hard). Two
    values are printed, so that there are four answers."""
    x, y = two_names(rng)
    one, two = rng.randint(0, 40), rng.randint(0, 40)
    near, far = one + rng.randint(-1, 1), two + rng.randint(-1, 1)
    key = f"booleans:{one}:{two}:{near}:{far}"
    head = f"{x} = {one}\n{y} = {two}\n"
    first, second = f"{x} @left@ {near}", f"{y} @right@ {far}"
    sides = (_comparison(rng, "left", 3), _comparison(rng, "right", 3))
    if difficulty == "easy":
        return Group(key, f"{head}print({first}, {second})", sides)
    join = Facet("join", {"and": "and", "or": "or"}, JOINS)
    if difficulty == "medium":
        text = f"{head}print({first} @join@ {second}, @shown@)"
        shown = choice_of("shown", NEGATION, first=first, second=second)
        return Group(key, text, (shown, join, *sides))
    denied = choice_of(
        "denied",
        both("first", "whole", "not_reaches_the_whole", "not_stops_at_the_first")
        | both("first", "second", "not_moves_to_the_second", "not_moves_to_the_first"),
        first=f"not {first} @join@ {second}",
        second=f"{first} @join@ not {second}",
        whole=f"not ({first} @join@ {second})",
    )
    text = f"{head}print(@denied@, not {second})"
    return Group(key, text, (denied, join, *sides))


def division(rng: Random, difficulty: str) -> Group:
    """Quotient and rest (easy), with negative numbers (medium), of floats and with
    precedence (hard)."""
    x, y = two_names(rng)
    small = rng.randint(2, 9)
    large = rng.randint(small + 1, 99)
    floor = both("floor", "rest", "quotient_read_as_rest", "rest_read_as_quotient")
    floor |= both("floor", "true", "floor_read_as_true", "true_read_as_floor")
    if difficulty == "easy":
        other = rng.randint(2, 9)
        key = f"division:{large}:{small}:{other}"
        text = f"{x} = {large}\n{y} = {small}\nprint({x} @first@ {y}, {x} @second@ {other})"
        sides = [
            choice_of(place, floor, floor="//", rest="%", minus="-")
            for place in ("first", "second")
        ]
        return Group(key, text, tuple(sides))
    sign = both("plus", "minus", "sign_appears", "sign_is_ignored")
    if difficulty == "medium":
        key = f"division:{large}:{small}"
        add = rng.randint(10, 99)
        top = choice_of("top", sign, plus=str(large), minus=f"-{large}")
        bottom = choice_of("bottom", sign, plus=str(small), minus=f"-{small}")
        op = choice_of("op", floor, floor="//", rest="%")
        text = f"{x} = @top@\n{y} = @bottom@\nprint({x} @op@ {y}, {add})"
        return Group(f"{key}:{add}", text, (top, bottom, op))
    add = rng.randint(1, 9)
    value = f"{large}.0"
    op = choice_of("op", floor, floor="//", rest="%", true="/")
    order = choice_of(
        "order",
        both("product_first", "sum_first", "sum_before_product", "product_before_sum"),
        product_first=f"{x} @op@ {small} + {add}",
        sum_first=f"({x} + {add}) @op@ {small}",
        denominator=f"{x} @op@ ({small} + {add})",
        difference=f"{x} @op@ {small} - {add}",
    )
    text = f"{x} = {value}\nprint(round(@order@, 2))"
    return Group(f"division:{value}:{small}:{add}", text, (order, op))


def sets(rng: Random, difficulty: str) -> Group:
    """Operators (easy), methods (medium), sets of computed values (hard). Sorted before
    they are printed: the order of a set is nobody's to know."""
    x, y = two_names(rng)
    values = digits(rng, 6, 1, 20)
    one, two = values[:3], [*rng.sample(values[:3], rng.randint(1, 2)), *values[3:5]]
    first, second = (repr(part).replace("[", "{").replace("]", "}") for part in (one, two))
    if difficulty == "easy":
        act = choice_of(
            "act",
            both("union", "intersection", "or_read_as_and", "and_read_as_or"),
            union=f"{x} | {y}",
            intersection=f"{x} & {y}",
            difference=f"{x} - {y}",
            reversed_difference=f"{y} - {x}",
            symmetric_difference=f"{x} ^ {y}",
        )
        change = choice_of("change", add=f"add({values[5]})", discard=f"discard({one[0]})")
        text = f"{x} = {first}\n{y} = {second}\nz = @act@\nz.@change@\nprint(sorted(z))"
        return Group(f"sets:{one}:{two}", text, (act, change))
    if difficulty == "medium":
        one = values[:4]
        methods = {
            "add": f"add({values[4]})",
            "add_again": f"add({one[0]})",
            "discard": f"discard({one[1]})",
            "remove": f"remove({one[2]})",
            "update": f"update({values[3:6]})",
            "intersect": f"intersection_update({values[:3]})",
        }
        steps = [
            Facet(place, {key: methods[key] for key in rng.sample(sorted(methods), 3)})
            for place in ("first", "second")
        ]
        start = repr(one).replace("[", "{").replace("]", "}")
        text = f"{x} = {start}\n{x}.@first@\n{x}.@second@\nprint(sorted({x}))"
        return Group(f"sets:{one}", text, tuple(steps))
    base = digits(rng, rng.randint(4, 5), 1, 30)
    by = rng.randint(3, 5)
    body = choice_of("body", rest=f"i % {by}", quotient=f"i // {by}", difference=f"i - {by}")
    kind = choice_of(
        "kind",
        both("set", "list", "set_keeps_doubles", "list_drops_doubles"),
        set="{@body@ for i in " + x + "}",
        list="[@body@ for i in " + x + "]",
    )
    text = f"{x} = {base}\nprint(sorted(@kind@))"
    return Group(f"sets:{base}:{by}", text, (kind, body))
