"""Methods that change a list, and names that share one."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from mcq.bank.program import Draft, draft
from mcq.bank.words import digits, name, two_names


@dataclass(frozen=True)
class _List:
    """A list in a variable, a value that is not in it, and a place that is not its first."""

    variable: str
    items: list[int]
    new: int
    place: int

    @property
    def head(self) -> str:
        return f"{self.variable} = {self.items}\n"

    def unchanged(self) -> str:
        return self.head + f"print({self.variable})"

    def after(self, *calls: str) -> str:
        """The program that makes ``calls`` on the list and prints it."""
        lines = "\n".join(f"{self.variable}.{call}" for call in calls)
        return f"{self.head}{lines}\nprint({self.variable})"

    def ends_swapped(self) -> str:
        name = self.variable
        return f"{self.head}print({name}[-1:] + {name}[1:-1] + {name}[:1])"


def list_methods(rng: Random, difficulty: str) -> Draft:
    """One call (easy), a call with a place or a value (medium), two calls (hard)."""
    variable = name(rng)
    *items, new = digits(rng, rng.randint(4, 5))
    drawn = _List(variable, items, new, rng.randint(1, len(items) - 1))
    forms = {"easy": _one_call, "medium": _call_with_a_place, "hard": _two_calls}[difficulty](drawn)
    source, wrong = forms[rng.randint(0, len(forms) - 1)]
    return draft(source, wrong)


_Form = tuple[str, list[tuple[str, str]]]


def _one_call(of: _List) -> list[_Form]:
    after, new = of.after, of.new
    return [
        (
            after(f"append({new})"),
            [
                ("append_goes_first", after(f"insert(0, {new})")),
                ("append_replaces_the_last", after("pop()", f"append({new})")),
                ("append_replaces_the_first", after("pop(0)", f"insert(0, {new})")),
                ("append_changes_nothing", of.unchanged()),
            ],
        ),
        (
            after("pop()"),
            [
                ("pop_takes_the_first", after("pop(0)")),
                ("pop_takes_two", after("pop()", "pop()")),
                ("pop_changes_nothing", of.unchanged()),
                ("pop_takes_the_middle", after(f"pop({len(of.items) // 2})")),
            ],
        ),
        (
            after("reverse()"),
            [
                ("reverse_returns_a_copy", of.unchanged()),
                ("reverse_taken_for_sort", after("sort()")),
                ("reverse_sorts_downwards", after("sort(reverse=True)")),
                ("reverse_swaps_the_ends", of.ends_swapped()),
            ],
        ),
        (
            after("sort()"),
            [
                ("sort_returns_a_copy", of.unchanged()),
                ("sort_downwards", after("sort(reverse=True)")),
                ("sort_taken_for_reverse", after("reverse()")),
                ("sort_swaps_the_ends", of.ends_swapped()),
            ],
        ),
    ]


def _call_with_a_place(of: _List) -> list[_Form]:
    after, new, place, size = of.after, of.new, of.place, len(of.items)
    value = of.items[place]
    assigned = f"{of.head}{of.variable}[{place}] = {new}\nprint({of.variable})"
    return [
        (
            after(f"insert({place}, {new})"),
            [
                ("insert_counts_from_one", after(f"insert({place - 1}, {new})")),
                ("insert_goes_after", after(f"insert({place + 1}, {new})")),
                ("insert_appends", after(f"append({new})")),
                ("insert_replaces", assigned),
            ],
        ),
        (
            after(f"pop({place})"),
            [
                ("pop_counts_from_one", after(f"pop({place - 1})")),
                ("pop_is_off_by_one", after(f"pop({(place + 1) % size})")),
                ("pop_ignores_the_place", after("pop()")),
                ("pop_changes_nothing", of.unchanged()),
            ],
        ),
        (
            after(f"remove({value})"),
            [
                ("remove_takes_a_place", after(f"pop({value % size})")),
                ("remove_takes_the_neighbour", after(f"pop({place - 1})")),
                ("remove_takes_the_last", after("pop()")),
                ("remove_takes_the_first", after("pop(0)")),
                ("remove_changes_nothing", of.unchanged()),
            ],
        ),
    ]


def _two_calls(of: _List) -> list[_Form]:
    after, new = of.after, of.new
    return [
        (
            after(f"append({new})", "reverse()"),
            [
                ("append_goes_first", after(f"insert(0, {new})", "reverse()")),
                ("second_call_comes_first", after("reverse()", f"append({new})")),
                ("reverse_changes_nothing", after(f"append({new})")),
                ("reverse_taken_for_sort", after(f"append({new})", "sort()")),
            ],
        ),
        (
            after("pop(0)", f"append({new})"),
            [
                ("pop_takes_the_last", after("pop()", f"append({new})")),
                ("append_goes_first", after("pop(0)", f"insert(0, {new})")),
                ("pop_changes_nothing", after(f"append({new})")),
                ("append_changes_nothing", after("pop(0)")),
            ],
        ),
        (
            after(f"append({new})", "sort()"),
            [
                ("sort_returns_a_copy", after(f"append({new})")),
                ("second_call_comes_first", after("sort()", f"append({new})")),
                ("sort_downwards", after(f"append({new})", "sort(reverse=True)")),
                ("append_changes_nothing", after("sort()")),
            ],
        ),
    ]


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
        change, beside = (
            f"{second}[{row}][{column}] = {new}",
            f"{second}[{1 - row}][{column}] = {new}",
        )
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
