"""Functions, recursion, closures and default arguments."""

from __future__ import annotations

from random import Random

from mcq.bank.group import Facet, Group, both, choice_of, numbers
from mcq.bank.words import digits, name, two_names, word


def functions(rng: Random, difficulty: str) -> Group:
    """Arguments by place and by name (easy), a default (medium), two returns (hard)."""
    x, y = two_names(rng)
    one, two = word(rng, 2, 3), word(rng, 2, 3)
    given = choice_of(
        "given",
        both("by_place", "by_name", "names_are_ignored", "places_are_swapped"),
        by_place=f'"{one}", "{two}"',
        by_name=f'{y}="{one}", {x}="{two}"',
    )
    if difficulty == "hard":
        limit, sample = rng.randint(3, 5), [word(rng, 3, 6), word(rng, 3, 6)]
        compare = choice_of("compare", more=">", fewer="<")
        early = choice_of(
            "early",
            both("returns", "assigns", "return_goes_on", "assignment_returns"),
            returns=f'return {x} + "{one}"',
            assigns=f'{x} = {x} + "{one}"',
        )
        late = choice_of("late", behind=f'{x} + "{two}"', before=f'"{two}" + {x}')
        text = (
            f"def f({x}):\n    if len({x}) @compare@ {limit}:\n        @early@\n"
            f'    return @late@\nprint(f("{sample[0]}"), f("{sample[1]}"))'
        )
        return Group(f"functions:{one}:{two}:{sample}", text, (compare, early, late))
    middle = word(rng, 1, 2)
    body = choice_of(
        "body",
        between=f'{x} + "{middle}" + {y}',
        before=f'"{middle}" + {x} + {y}',
        behind=f'{x} + {y} + "{middle}"',
    )
    key = f"functions:{one}:{two}:{middle}"
    if difficulty == "easy":
        text = f"def f({x}, {y}):\n    return @body@\nprint(f(@given@))"
        return Group(key, text, (body, given))
    default = word(rng, 2, 3)
    given = choice_of(
        "given",
        both("both", "first_only", "default_always_wins", "default_never_used"),
        both=f'"{one}", "{two}"',
        first_only=f'"{one}"',
        second_only=f'"{two}"',
        by_name=f'{y}="{one}", {x}="{two}"',
    )
    text = f'def f({x}, {y}="{default}"):\n    return @body@\nprint(f(@given@))'
    body = choice_of("body", in_order=f"{x} + {y}", swapped=f"{y} + {x}")
    return Group(f"functions:{default}", text, (body, given))


def recursion(rng: Random, difficulty: str) -> Group:
    """Over a word (easy), down from a number (medium), with two calls (hard)."""
    x = name(rng)
    if difficulty == "easy":
        text_of, end = word(rng, 4, 5), word(rng, 1, 2)
        body = choice_of(
            "body",
            both("call_first", "call_last", "result_is_joined_in_front", "result_is_joined_behind"),
            call_first=f"f({x}[1:]) + {x}[0]",
            call_last=f"{x}[0] + f({x}[1:])",
            cuts_the_last=f"{x}[-1] + f({x}[:-1])",
        )
        stop = numbers("stop", (1, 2), up="stops_too_early", down="stops_too_late")
        text = (
            f'def f({x}):\n    if len({x}) < @stop@:\n        return "{end}"\n'
            f'    return @body@\nprint(f("{text_of}"))'
        )
        return Group(f"recursion:{text_of}:{end}", text, (body, stop))
    if difficulty == "medium":
        top, last = rng.randint(8, 60), rng.randint(1, 99)
        by = rng.randint(2, 9)
        limit = top - by * rng.randint(2, 3)
        body = choice_of(
            "body",
            both("call_last", "call_first", "result_is_joined_in_front", "result_is_joined_behind"),
            call_last=f"[{x}] + f({x} - {by})",
            call_first=f"f({x} - {by}) + [{x}]",
        )
        compare = choice_of(
            "compare",
            both("below", "at_most", "stops_too_early", "stops_too_late"),
            below="<",
            at_most="<=",
        )
        text = (
            f"def f({x}):\n    if {x} @compare@ {limit}:\n        return [{last}]\n"
            f"    return @body@\nprint(f({top}))"
        )
        return Group(f"recursion:{top}:{by}:{last}", text, (body, compare))
    one, two = word(rng, 2, 2), word(rng, 1, 2)
    body = choice_of(
        "body",
        both("larger_first", "smaller_first", "calls_are_swapped", "calls_are_swapped"),
        larger_first=f"f({x} - 1) + f({x} - 2)",
        smaller_first=f"f({x} - 2) + f({x} - 1)",
        larger_twice=f"f({x} - 1) + f({x} - 1)",
        smaller_twice=f"f({x} - 2) + f({x} - 2)",
    )
    depth = numbers("depth", (2, 3), up="one_call_too_many", down="one_call_too_few")
    text = (
        f'def f({x}):\n    if {x} < 2:\n        return ["{one}", "{two}"][{x}]\n'
        f"    return @body@\nprint(f(@depth@))"
    )
    return Group(f"recursion:{one}:{two}", text, (body, depth))


def closures(rng: Random, difficulty: str) -> Group:
    """A function that remembers (easy), a default that is shared (medium), functions made
    in a loop (hard)."""
    x, y = two_names(rng)
    if difficulty == "easy":
        one, two, three = word(rng, 2, 3), word(rng, 1, 2), word(rng, 1, 2)
        body = choice_of("body", outer_first=f"{x} + {y}", inner_first=f"{y} + {x}")
        later = choice_of(
            "later",
            once=f'g("{two}")',
            twice=f'g(g("{two}"))',
            both=f'g("{two}") + g("{three}")',
        )
        text = (
            f"def f({x}):\n    return lambda {y}: @body@\n"
            f'g = f("{one}")\n{x} = "{three}"\nprint(@later@)'
        )
        return Group(f"closures:{one}:{two}:{three}", text, (body, later))
    if difficulty == "medium":
        start, first, second = digits(rng, 3, 1, 40)
        default = choice_of(
            "default",
            both("shared", "fresh", "default_is_fresh_every_call", "default_is_shared"),
            shared=f"def f({x}, {y}=[{start}]):",
            fresh=f"def f({x}, {y}=None):\n    {y} = {y} or [{start}]",
        )
        put = choice_of("put", append=f"append({x})", insert_first=f"insert(0, {x})")
        shown = choice_of("shown", second_call=f"f({second})", given=f"f({second}, [{first}])")
        text = f"@default@\n    {y}.@put@\n    return {y}\nf({first})\nprint(@shown@)"
        return Group(f"closures:{start}:{first}:{second}", text, (default, put, shown))
    items = digits(rng, 3, 1, 40)
    by = rng.randint(2, 9)
    bind = choice_of(
        "bind",
        both("late", "early", "variable_is_bound_early", "default_is_bound_late"),
        late="lambda",
        early="lambda i=i",
    )
    op = Facet("op", {"plus": "+", "minus": "-"})
    order = choice_of("order", forwards="", backwards="[::-1]")
    text = (
        f"{x} = []\nfor i in {items}@order@:\n    {x}.append(@bind@: i @op@ {by})\n"
        f"print([g() for g in {x}])"
    )
    return Group(f"closures:{items}:{by}", text, (bind, op, order))
