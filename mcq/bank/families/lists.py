"""Methods that change a list, and names that share one."""

from __future__ import annotations

from random import Random

from mcq.bank.program import Draft, draft
from mcq.bank.words import digits, name, two_names


def list_methods(rng: Random, difficulty: str) -> Draft:
    """One call (easy), a call with a place or a value (medium), two calls (hard)."""
    variable = name(rng)
    items = digits(rng, rng.randint(4, 5))
    *items, new = items
    size = len(items)
    place = rng.randint(1, size - 1)
    value = items[place]
    show = f"\nprint({variable})"
    head = f"{variable} = {items}\n"

    def after(*calls: str) -> str:
        return head + "\n".join(f"{variable}.{call}" for call in calls) + show

    append_readings = [
        ("append_goes_first", after(f"insert(0, {new})")),
        ("append_replaces_the_last", after("pop()", f"append({new})")),
        ("append_replaces_the_first", after("pop(0)", f"insert(0, {new})")),
        ("append_changes_nothing", head + f"print({variable})"),
    ]
    pop_readings = [
        ("pop_takes_the_first", after("pop(0)")),
        ("pop_takes_two", after("pop()", "pop()")),
        ("pop_changes_nothing", head + f"print({variable})"),
        ("pop_takes_the_middle", after(f"pop({size // 2})")),
    ]
    reverse_readings = [
        ("reverse_returns_a_copy", head + f"print({variable})"),
        ("reverse_taken_for_sort", after("sort()")),
        ("reverse_sorts_downwards", after("sort(reverse=True)")),
        ("reverse_swaps_the_ends", f"{head}print({variable}[-1:] + {variable}[1:-1] + {variable}[:1])"),
    ]
    sort_readings = [
        ("sort_returns_a_copy", head + f"print({variable})"),
        ("sort_downwards", after("sort(reverse=True)")),
        ("sort_taken_for_reverse", after("reverse()")),
        ("sort_swaps_the_ends", f"{head}print({variable}[-1:] + {variable}[1:-1] + {variable}[:1])"),
    ]
    if difficulty == "easy":
        form = rng.randint(0, 3)
        table = [
            (after(f"append({new})"), append_readings),
            (after("pop()"), pop_readings),
            (after("reverse()"), reverse_readings),
            (after("sort()"), sort_readings),
        ]
        return draft(*table[form])
    if difficulty == "medium":
        form = rng.randint(0, 2)
        if form == 0:
            wrong = [
                ("insert_counts_from_one", after(f"insert({place - 1}, {new})")),
                ("insert_goes_after", after(f"insert({place + 1}, {new})")),
                ("insert_appends", after(f"append({new})")),
                ("insert_replaces", f"{head}{variable}[{place}] = {new}{show}"),
            ]
            return draft(after(f"insert({place}, {new})"), wrong)
        if form == 1:
            wrong = [
                ("pop_counts_from_one", after(f"pop({place - 1})")),
                ("pop_is_off_by_one", after(f"pop({(place + 1) % size})")),
                ("pop_ignores_the_place", after("pop()")),
                ("pop_changes_nothing", head + f"print({variable})"),
            ]
            return draft(after(f"pop({place})"), wrong)
        wrong = [
            ("remove_takes_a_place", after(f"pop({value % size})")),
            ("remove_takes_the_neighbour", after(f"pop({place - 1})")),
            ("remove_takes_the_last", after("pop()")),
            ("remove_takes_the_first", after("pop(0)")),
            ("remove_changes_nothing", head + f"print({variable})"),
        ]
        return draft(after(f"remove({value})"), wrong)
    form = rng.randint(0, 2)
    if form == 0:
        wrong = [
            ("append_goes_first", after(f"insert(0, {new})", "reverse()")),
            ("second_call_comes_first", after("reverse()", f"append({new})")),
            ("reverse_changes_nothing", after(f"append({new})")),
            ("reverse_taken_for_sort", after(f"append({new})", "sort()")),
        ]
        return draft(after(f"append({new})", "reverse()"), wrong)
    if form == 1:
        wrong = [
            ("pop_takes_the_last", after("pop()", f"append({new})")),
            ("append_goes_first", after("pop(0)", f"insert(0, {new})")),
            ("pop_changes_nothing", after(f"append({new})")),
            ("append_changes_nothing", after("pop(0)")),
        ]
        return draft(after("pop(0)", f"append({new})"), wrong)
    wrong = [
        ("sort_returns_a_copy", after(f"append({new})")),
        ("second_call_comes_first", after("sort()", f"append({new})")),
        ("sort_downwards", after(f"append({new})", "sort(reverse=True)")),
        ("append_changes_nothing", after("sort()")),
    ]
    return draft(after(f"append({new})", "sort()"), wrong)


def aliasing(rng: Random, difficulty: str) -> Draft:
    """Two names for one list (easy), a copy (medium), a shallow copy of nested lists (hard)."""
    first, second = two_names(rng)
    if difficulty == "hard":
        return _nested(rng, first, second)
    items = digits(rng, 4)
    *items, new = items
    shown = rng.choice((first, second))
    head = f"{first} = {items}\n"
    alias, copy = f"{second} = {first}\n", f"{second} = {first}[:]\n"
    place = rng.randint(0, len(items) - 1)
    change, other = rng.choice(
        [
            (f"{second}.append({new})", f"{second}.insert(0, {new})"),
            (f"{second}[{place}] = {new}", f"{second}[{(place + 1) % 3}] = {new}"),
            (f"{first}.append({new})", f"{first}.insert(0, {new})"),
            (f"{first}[{place}] = {new}", f"{first}[{(place + 2) % 3}] = {new}"),
        ]
    )
    show = f"\nprint({shown})"
    kept, swapped = (alias, copy) if difficulty == "easy" else (copy, alias)
    label = "assignment_copies" if difficulty == "easy" else "copy_is_an_alias"
    wrong = [
        (label, head + swapped + change + show),
        ("change_at_the_wrong_place", head + kept + other + show),
        (f"{label}_and_wrong_place", head + swapped + other + show),
        ("change_replaces_the_end", f"{head}{first}[-1] = {new}\nprint({first})"),
        ("change_drops_the_end", f"{head}{first}.pop()\nprint({first})"),
        ("change_drops_the_start", f"{head}{first}.pop(0)\n{first}.append({new})\nprint({first})"),
    ]
    return draft(head + kept + change + show, wrong)


def _nested(rng: Random, first: str, second: str) -> Draft:
    items = digits(rng, 5)
    *items, new = items
    nested = [items[:2], items[2:]]
    row, column = rng.randint(0, 1), rng.randint(0, 1)
    head = f"{first} = {nested}\n"
    shallow = f"{second} = {first}[:]\n"
    deep = f"{second} = [i[:] for i in {first}]\n"
    show = f"\nprint({first})"
    if rng.randint(0, 1):
        change, beside = f"{second}[{row}][{column}] = {new}", f"{second}[{1 - row}][{column}] = {new}"
        across = f"{second}[{row}][{1 - column}] = {new}"
        gold, label = head + shallow + change + show, "shallow_copy_is_deep"
        mistaken = head + deep + change + show
    else:
        change, beside = f"{second}[{row}] = [{new}]", f"{second}[{row}][{column}] = {new}"
        across = f"{second}[{1 - row}] = [{new}]"
        gold, label = head + shallow + change + show, "copy_is_an_alias"
        mistaken = f"{head}{second} = {first}\n{change}{show}"
    wrong = [
        (label, mistaken),
        ("change_in_the_wrong_row", f"{head}{second} = {first}\n{beside}{show}"),
        ("change_at_the_wrong_place", f"{head}{second} = {first}\n{across}{show}"),
        ("change_goes_to_the_end", f"{head}{first}[-1][-1] = {new}\nprint({first})"),
        ("change_goes_to_the_start", f"{head}{first}[0][0] = {new}\nprint({first})"),
    ]
    return draft(gold, wrong)
