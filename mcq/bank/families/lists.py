"""Methods that change a list, names that share one, functions that are handed one."""

from __future__ import annotations

from random import Random

from mcq.bank.group import Facet, Group, both, choice_of, numbers
from mcq.bank.words import digits, name, two_names

COPIES = both("alias", "copy", "alias_is_a_copy", "copy_is_an_alias")


def _calls(rng: Random, variable: str, new: int, count: int, facet: str) -> Facet:
    """``count`` of the calls that change a list without being told a place."""
    calls = {
        "append": f"{variable}.append({new})",
        "insert_first": f"{variable}.insert(0, {new})",
        "assign_first": f"{variable}[0] = {new}",
        "assign_last": f"{variable}[-1] = {new}",
        "sort": f"{variable}.sort()",
        "reverse": f"{variable}.reverse()",
        "pop": f"{variable}.pop()",
        "pop_first": f"{variable}.pop(0)",
    }
    return Facet(facet, {key: calls[key] for key in rng.sample(sorted(calls), count)})


def list_methods(rng: Random, difficulty: str) -> Group:
    """One call (easy), a call with a place (medium), two calls (hard)."""
    x = name(rng)
    items = digits(rng, rng.randint(4, 5), 1, 20)
    new = rng.choice([value for value in range(1, 21) if value not in items])
    key, head, tail = f"list_methods:{items}", f"{x} = {items}\n", f"\nprint({x})"
    if difficulty == "easy":
        return Group(key, f"{head}@call@{tail}", (_calls(rng, x, new, 6, "call"),))
    if difficulty == "medium":
        start = rng.randint(0, len(items) - 3)
        places = numbers(
            "place", range(start, start + 3), up="place_is_after", down="counts_from_one"
        )
        if rng.randint(0, 1):
            labels = both("insert", "assign", "insert_replaces", "assignment_inserts")
            put = f"{x}.insert(@place@, {new})"
            act = choice_of("act", labels, insert=put, assign=f"{x}[@place@] = {new}")
        else:
            labels = both("pop", "remove", "pop_takes_a_value", "remove_takes_a_place")
            take = f"{x}.remove({rng.choice(items)})"
            act = choice_of("act", labels, pop=f"{x}.pop(@place@)", remove=take)
        return Group(key, f"{head}@act@{tail}", (act, places))
    first = _calls(rng, x, new, 3, "first")
    second = _calls(rng, x, rng.randint(1, 20), 3, "second")
    return Group(key, f"{head}@first@\n@second@{tail}", (first, second))


def aliasing(rng: Random, difficulty: str) -> Group:
    """One change (easy), a change through each name (medium), nested lists (hard)."""
    x, y = two_names(rng)
    new, other = digits(rng, 2, 1, 20)
    if difficulty == "hard":
        nested = [digits(rng, rng.randint(1, 2), 1, 20), digits(rng, rng.randint(1, 2), 1, 20)]
        bind = choice_of(
            "bind",
            both("alias", "shallow", "alias_is_a_copy", "shallow_copy_is_an_alias")
            | both("shallow", "deep", "shallow_copy_is_deep", "deep_copy_is_shallow")
            | both("alias", "deep", "alias_is_a_deep_copy", "deep_copy_is_an_alias"),
            alias=x,
            shallow=f"{x}[:]",
            deep=f"[i[:] for i in {x}]",
        )
        act = choice_of(
            "act", inner_append=f"{y}[@place@].append({new})", assign=f"{y}[@place@] = [{new}]"
        )
        place = numbers("place", (0, 1), up="counts_from_zero_twice", down="counts_from_one")
        text = f"{x} = {nested}\n{y} = @bind@\n@act@\nprint({x})"
        return Group(f"aliasing:{nested}", text, (bind, act, place))
    items = digits(rng, rng.randint(2, 3), 1, 20)
    how = rng.choice([f"{x}[:]", f"list({x})", f"{x}.copy()"])
    bind = choice_of("bind", COPIES, alias=x, copy=how)
    head = f"{x} = {items}\n{y} = @bind@\n"
    key = f"aliasing:{items}"
    act = choice_of(
        "act",
        append=f"{y}.append({new})",
        insert_first=f"{y}.insert(0, {new})",
        assign_first=f"{y}[0] = {new}",
        reverse=f"{y}.reverse()",
    )
    if difficulty == "easy":
        return Group(key, f"{head}@act@\nprint({x})", (bind, act))
    shown = choice_of("shown", first=x, second=y)
    text = f"{head}{x}.append({other})\n@act@\nprint(@shown@)"
    return Group(key, text, (bind, act, shown))


def mutation(rng: Random, difficulty: str) -> Group:
    """A function that changes or rebinds its argument (easy), also returns it (medium),
    two arguments (hard)."""
    x, y = two_names(rng)
    items = digits(rng, rng.randint(2, 3), 1, 20)
    new, other = digits(rng, 2, 1, 20)
    act = choice_of(
        "act",
        both("append", "rebind", "append_rebinds", "rebinding_reaches_the_caller"),
        append=f"{x}.append({new})",
        insert_first=f"{x}.insert(0, {new})",
        assign_first=f"{x}[0] = {new}",
        rebind=f"{x} = {x} + [{new}]",
    )
    if difficulty == "easy":
        text = f"def f({x}):\n    @act@\n{y} = {items}\nf({y})\nprint({y})"
        return Group(f"mutation:{items}", text, (act,))
    if difficulty == "medium":
        back = choice_of("back", COPIES, alias=x, copy=f"{x}[:]")
        shown = choice_of("shown", argument=y, result="z")
        text = (
            f"def f({x}):\n    @act@\n    return @back@\n"
            f"{y} = {items}\nz = f({y})\nz.append({other})\nprint(@shown@)"
        )
        return Group(f"mutation:{items}", text, (act, back, shown))
    more = digits(rng, 2, 1, 20)
    change = both("changes", "rebinds", "change_stays_inside", "rebinding_reaches_the_caller")
    one = choice_of("one", change, changes=f"{x}.append({new})", rebinds=f"{x} = [{new}]")
    two = choice_of("two", change, changes=f"{y}.append({other})", rebinds=f"{y} = [{other}]")
    given = choice_of("given", in_order="p, q", swapped="q, p", same_twice="p, p")
    text = (
        f"def f({x}, {y}):\n    @one@\n    @two@\np = {items}\nq = {more}\nf(@given@)\nprint(p + q)"
    )
    return Group(f"mutation:{items}:{more}", text, (one, two, given))
