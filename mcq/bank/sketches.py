"""Functions of several lines, each of which could be another: for questions about inputs,
wrong lines and patches.

A sketch is a function built of steps; a step is a line with a facet of five and more
options (``a = a[1:]``, ``a = a[:-1]``, ...). Its *anchor* is a line with constants that
every variant has: it is the sketch's key, which decides the split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final

from mcq.bank.group import Facet, Group
from mcq.bank.words import name, word

STEPS: Final[Mapping[str, int]] = MappingProxyType({"easy": 4, "medium": 5, "hard": 6})


@dataclass(frozen=True)
class Sketch:
    """``group`` is the ``def`` alone; ``arguments`` is a facet of argument texts."""

    group: Group
    arguments: Facet

    @property
    def lines(self) -> list[str]:
        return self.group.template.split("\n")

    def line_of(self, facet: Facet) -> int:
        """The place of the facet's line in the template, from 0."""
        return next(at for at, line in enumerate(self.lines) if f"@{facet.name}@" in line)


def _arguments(options: Mapping[str, str]) -> Facet:
    """``options`` with labels for who takes one argument for another."""
    labels = {(true, read): f"takes_{read}_for_{true}" for true in options for read in options}
    return Facet("argument", options, labels)


def _sketch(
    key: str,
    variable: str,
    steps: Sequence[Facet],
    anchor: str,
    texts: Mapping[str, str],
    place: int,
) -> Sketch:
    """Steps in the given order, one a line, with the anchor before the step at ``place``."""
    lines = [f"    @{step.name}@" for step in steps]
    lines.insert(place, f"    {anchor}")
    template = "\n".join([f"def f({variable}):", *lines, f"    return {variable}"])
    return Sketch(Group(key, template, tuple(steps)), _arguments(texts))


def list_functions(rng: Random, difficulty: str) -> Sketch:
    """From a list of numbers to a list of numbers."""
    a = name(rng)
    one, two, three, by, bound = (
        *rng.sample(range(10, 100), 3),
        rng.randint(2, 9),
        rng.randint(5, 12),
    )
    steps = [
        Facet(
            "cut",
            {
                "all_but_first": f"{a} = {a}[1:]",
                "all_but_last": f"{a} = {a}[:-1]",
                "backwards": f"{a} = {a}[::-1]",
                "first_three": f"{a} = {a}[:3]",
                "inner": f"{a} = {a}[1:-1]",
                "every_second": f"{a} = {a}[::2]",
            },
        ),
        Facet(
            "change",
            {
                "append": f"{a}.append({one})",
                "insert_first": f"{a}.insert(0, {one})",
                "insert_second": f"{a}.insert(1, {one})",
                "assign_first": f"{a}[0] = {one}",
                "assign_last": f"{a}[-1] = {one}",
                "add_to_first": f"{a}[0] += {one}",
            },
        ),
        Facet(
            "order",
            {
                "sort": f"{a}.sort()",
                "reverse": f"{a}.reverse()",
                "sort_downwards": f"{a}.sort(reverse=True)",
                "pop": f"{a}.pop()",
                "pop_first": f"{a}.pop(0)",
                "pop_second": f"{a}.pop(1)",
            },
        ),
        Facet(
            "map",
            {
                "plus": f"{a} = [i + {by} for i in {a}]",
                "minus": f"{a} = [i - {by} for i in {a}]",
                "times": f"{a} = [i * {by} for i in {a}]",
                "from": f"{a} = [{by} - i for i in {a}]",
                "quotient": f"{a} = [i // {by} for i in {a}]",
                "rest": f"{a} = [i % {by} for i in {a}]",
            },
        ),
        Facet(
            "filter",
            {
                "above": f"{a} = [i for i in {a} if i > {bound}]",
                "below": f"{a} = [i for i in {a} if i < {bound}]",
                "unequal": f"{a} = [i for i in {a} if i != {bound}]",
                "even": f"{a} = [i for i in {a} if i % 2 == 0]",
                "odd": f"{a} = [i for i in {a} if i % 2 == 1]",
                "far": f"{a} = [i for i in {a} if i % 3 > 0]",
            },
        ),
        Facet(
            "join",
            {
                "turn_left": f"{a} = {a}[1:] + {a}[:1]",
                "turn_right": f"{a} = {a}[-1:] + {a}[:-1]",
                "first_again": f"{a} = {a} + {a}[:1]",
                "last_again": f"{a} = {a} + {a}[-1:]",
                "last_in_front": f"{a} = {a}[-1:] + {a}",
                "first_doubled": f"{a} = {a}[:1] + {a}",
            },
        ),
    ]
    items = rng.sample(range(1, 20), rng.randint(4, 5))
    other = list(items)
    other[rng.randrange(len(items))] = rng.randint(1, 19)
    arguments = {
        "given": items,
        "reversed": items[::-1],
        "sorted": sorted(items),
        "shifted": items[1:] + items[:1],
        "swapped": [items[1], items[0], *items[2:]],
        "changed": other,
        "last_swapped": [*items[:-2], items[-1], items[-2]],
        "raised": [items[0] + 1, *items[1:]],
    }
    chosen = rng.sample(steps, STEPS[difficulty])
    key = f"list_functions:{two}:{three}"
    anchor = f"{a} = {a} + [{two}, {three}]"
    place = rng.randint(0, len(chosen))
    texts = {key: repr(value) for key, value in arguments.items()}
    return _sketch(key, a, chosen, anchor, texts, place)


def string_functions(rng: Random, difficulty: str) -> Sketch:
    """From a word to a word."""
    s = name(rng)
    one, two, anchor = word(rng, 1, 2), word(rng, 1, 2), word(rng, 2, 3)
    text = word(rng, 5, 6)
    letter, new = rng.choice(text[1:-1]), rng.choice("xyzw")
    steps = [
        Facet(
            "cut",
            {
                "all_but_first": f"{s} = {s}[1:]",
                "all_but_last": f"{s} = {s}[:-1]",
                "backwards": f"{s} = {s}[::-1]",
                "first_four": f"{s} = {s}[:4]",
                "inner": f"{s} = {s}[1:-1]",
                "every_second": f"{s} = {s}[::2]",
            },
        ),
        Facet(
            "case",
            {
                "upper": f"{s} = {s}.upper()",
                "capitalize": f"{s} = {s}.capitalize()",
                "swapcase": f"{s} = {s}.swapcase()",
                "first_upper": f"{s} = {s}[0].upper() + {s}[1:]",
                "last_upper": f"{s} = {s}[:-1] + {s}[-1].upper()",
                "two_upper": f"{s} = {s}[:2].upper() + {s}[2:]",
            },
        ),
        Facet(
            "add",
            {
                "behind": f'{s} = {s} + "{one}"',
                "before": f'{s} = "{one}" + {s}',
                "second": f'{s} = {s}[0] + "{one}" + {s}[1:]',
                "before_last": f'{s} = {s}[:-1] + "{one}" + {s}[-1]',
                "around": f'{s} = "{one}" + {s} + "{one}"',
                "instead_of_first": f'{s} = "{one}" + {s}[1:]',
            },
        ),
        Facet(
            "replace",
            {
                "letter": f'{s} = {s}.replace("{letter}", "{new}")',
                "first_letter": f'{s} = {s}.replace({s}[0], "{new}")',
                "last_letter": f'{s} = {s}.replace({s}[-1], "{new}")',
                "delete": f'{s} = {s}.replace("{letter}", "")',
                "double": f'{s} = {s}.replace("{letter}", "{letter}{new}")',
                "second_letter": f'{s} = {s}.replace({s}[1], "{new}")',
            },
        ),
        Facet(
            "turn",
            {
                "turn_left": f"{s} = {s}[1:] + {s}[0]",
                "turn_right": f"{s} = {s}[-1] + {s}[:-1]",
                "first_again": f"{s} = {s} + {s}[0]",
                "last_again": f"{s} = {s} + {s}[-1]",
                "last_in_front": f"{s} = {s}[-1] + {s}",
                "turn_two": f"{s} = {s}[2:] + {s}[:2]",
            },
        ),
        Facet(
            "strip",
            {
                "left": f'{s} = {s}.lstrip("aeiou") + "{two}"',
                "right": f'{s} = {s}.rstrip("aeiou") + "{two}"',
                "both": f'{s} = {s}.strip("aeiou") + "{two}"',
                "prefix": f'{s} = {s}.removeprefix("{text[:2]}") + "{two}"',
                "none": f'{s} = {s} + "{two}"',
                "middle": f'{s} = {s}[:3] + "{two}"',
            },
        ),
    ]
    arguments = {
        "given": text,
        "reversed": text[::-1],
        "shifted": text[1:] + text[0],
        "swapped": text[1] + text[0] + text[2:],
        "last_swapped": text[:-2] + text[-1] + text[-2],
        "capitalized": text.capitalize(),
        "last_doubled": text + text[-1],
        "changed": text[:2] + new + text[3:],
    }
    chosen = rng.sample(steps, STEPS[difficulty])
    texts = {key: f'"{value}"' for key, value in arguments.items()}
    place = rng.randint(0, len(chosen))
    line = f'{s} = {s} + "{anchor}"'
    return _sketch(f"string_functions:{anchor}", s, chosen, line, texts, place)


def _arithmetic(n: str, facet: str, by: int) -> Facet:
    return Facet(
        facet,
        {
            "plus": f"{n} = {n} + {by}",
            "minus": f"{n} = {n} - {by}",
            "times": f"{n} = {n} * {by}",
            "quotient": f"{n} = {n} // {by}",
            "rest": f"{n} = {n} % {by * 7}",
            "from": f"{n} = {by * 9} - {n}",
        },
    )


def _branch(n: str, facet: str, bound: int, by: int) -> Facet:
    add, double = f"{n} + {by}", f"{n} * 2"
    return Facet(
        facet,
        {
            "above": f"{n} = {add} if {n} > {bound} else {double}",
            "below": f"{n} = {add} if {n} < {bound} else {double}",
            "even": f"{n} = {add} if {n} % 2 == 0 else {double}",
            "odd": f"{n} = {add} if {n} % 2 == 1 else {double}",
            "third": f"{n} = {add} if {n} % 3 == 0 else {double}",
            "above_half": f"{n} = {add} if {n} // 2 > {bound} else {double} + 1",
        },
    )


def _sum(n: str, facet: str, count: int) -> Facet:
    return Facet(
        facet,
        {
            "to_end": f"{n} += sum(range({count}))",
            "through_end": f"{n} += sum(range({count + 1}))",
            "from_two": f"{n} += sum(range(2, {count}))",
            "from_two_through_end": f"{n} += sum(range(2, {count + 1}))",
            "by_two": f"{n} += sum(range(0, {count}, 2))",
            "number_of": f"{n} += len(range({count}))",
        },
    )


def number_functions(rng: Random, difficulty: str) -> Sketch:
    """From a number to a number."""
    n = name(rng)
    steps = [
        _arithmetic(n, "first_operation", rng.randint(2, 5)),
        _arithmetic(n, "second_operation", rng.randint(6, 9)),
        _branch(n, "first_branch", rng.randint(10, 60), rng.randint(3, 20)),
        _branch(n, "second_branch", rng.randint(100, 300), rng.randint(21, 40)),
        _sum(n, "first_sum", rng.randint(4, 6)),
        _sum(n, "second_sum", rng.randint(7, 9)),
    ]
    chosen = rng.sample(steps, STEPS[difficulty])
    start = rng.randint(20, 60)
    arguments = {
        "given": start,
        "one_more": start + 1,
        "one_less": start - 1,
        "two_more": start + 2,
        "three_less": start - 3,
        "ten_more": start + 10,
        "five_more": start + 5,
        "digits_swapped": int(str(start)[::-1]) + 100 * (start % 10 == 0),
    }
    constant = rng.randint(100, 9_999)
    place = rng.randint(0, len(chosen))
    texts = {key: str(value) for key, value in arguments.items()}
    line = f"{n} = {n} + {constant}"
    return _sketch(f"number_functions:{constant}", n, chosen, line, texts, place)


def table_functions(rng: Random, difficulty: str) -> Sketch:
    """From a word to a dictionary of its letters."""
    s = name(rng)
    letters = rng.sample("bcdfghkmnpr", 3)
    text = "".join(rng.sample(letters * 2, 5))
    start, by, one, two = (
        rng.randint(2, 9),
        rng.randint(2, 9),
        rng.randint(10, 99),
        rng.randint(10, 99),
    )
    first, second = letters[:2]
    steps = [
        Facet(
            "over",
            {
                "all": f"for i in {s}:",
                "backwards": f"for i in {s}[::-1]:",
                "rest": f"for i in {s}[1:]:",
                "front": f"for i in {s}[:-1]:",
                "every_second": f"for i in {s}[::2]:",
                "sorted": f"for i in sorted({s}):",
            },
        ),
        Facet(
            "count",
            {
                "up": f"    d[i] = d.get(i, {start}) + 1",
                "down": f"    d[i] = d.get(i, {start}) - 1",
                "double": f"    d[i] = d.get(i, {start}) * 2",
                "by_more": f"    d[i] = d.get(i, {start}) + {by}",
                "set": f"    d[i] = {start}",
                "size": "    d[i] = len(d)",
            },
        ),
        Facet(
            "change",
            {
                "assign": f"d['{first}'] = {one}",
                "default": f"d.setdefault('{first}', {one})",
                "pop": f"d.pop('{first}', {one})",
                "add": f"d['{first}'] = d.get('{first}', 0) + {one}",
                "other": f"d['{second}'] = {one}",
                "unknown": f"d['z'] = {one}",
            },
        ),
        Facet(
            "merge",
            {
                "right_wins": f"d = d | {{'{second}': {two}}}",
                "left_wins": f"d = {{'{second}': {two}}} | d",
                "other": f"d = d | {{'{first}': {two}}}",
                "only_large": f"d = {{i: d[i] for i in d if d[i] > {start}}}",
                "only_small": f"d = {{i: d[i] for i in d if d[i] <= {start}}}",
                "raised": f"d = {{i: d[i] + {two} for i in d}}",
            },
        ),
        Facet(
            "sift",
            {
                "without_first": f"d = {{i: d[i] for i in d if i != {s}[0]}}",
                "without_last": f"d = {{i: d[i] for i in d if i != {s}[-1]}}",
                "doubled": "d = {i: d[i] * 2 for i in d}",
                "lowered": f"d = {{i: d[i] - {by} for i in d}}",
                "odd": "d = {i: d[i] for i in d if d[i] % 2}",
                "even": "d = {i: d[i] for i in d if d[i] % 2 == 0}",
            },
        ),
        Facet(
            "last",
            {
                "sorted": "d = dict(sorted(d.items()))",
                "backwards": "d = dict(list(d.items())[::-1])",
                "rest": "d = dict(list(d.items())[1:])",
                "front": "d = dict(list(d.items())[:-1])",
                "two": "d = dict(list(d.items())[:2])",
                "by_count": "d = dict(sorted(d.items(), key=lambda i: i[1]))",
            },
        ),
    ]
    chosen = [*steps[:2], *rng.sample(steps[2:], STEPS[difficulty] - 2)]
    arguments = {
        "given": text,
        "reversed": text[::-1],
        "shifted": text[1:] + text[0],
        "swapped": text[1] + text[0] + text[2:],
        "last_swapped": text[:-2] + text[-1] + text[-2],
        "changed": text[:2] + rng.choice(letters) + text[3:],
        "first_again": text[:-1] + text[0],
        "last_again": text[-1] + text[1:],
    }
    anchor = f"{rng.randint(10, 99)}, 'y': {rng.randint(10, 99)}"
    template = "\n".join(
        [
            f"def f({s}):",
            f"    d = {{'x': {anchor}}}",
            *(f"    @{step.name}@" for step in chosen),
            "    return d",
        ]
    )
    texts = {key: f"'{value}'" for key, value in arguments.items()}
    return Sketch(Group(f"table_functions:{anchor}", template, tuple(chosen)), _arguments(texts))


SKETCHES: Final[Mapping[str, Callable[[Random, str], Sketch]]] = MappingProxyType(
    {
        "list_functions": list_functions,
        "number_functions": number_functions,
        "string_functions": string_functions,
        "table_functions": table_functions,
    }
)
