"""Functions from a list of numbers to a list of numbers."""

from __future__ import annotations

from random import Random
from typing import Final

from mcq.bank.sketches.sketch import STEPS, Sketch, Table, sketch, steps_of
from mcq.bank.words import name

TABLE: Final[Table] = {
    "cut": {
        "all_but_first": "@v@ = @v@[1:]",
        "all_but_last": "@v@ = @v@[:-1]",
        "backwards": "@v@ = @v@[::-1]",
        "first_three": "@v@ = @v@[:3]",
        "inner": "@v@ = @v@[1:-1]",
        "every_second": "@v@ = @v@[::2]",
    },
    "change": {
        "append": "@v@.append(@new@)",
        "insert_first": "@v@.insert(0, @new@)",
        "insert_second": "@v@.insert(1, @new@)",
        "assign_first": "@v@[0] = @new@",
        "assign_last": "@v@[-1] = @new@",
        "add_to_first": "@v@[0] += @new@",
    },
    "order": {
        "sort": "@v@.sort()",
        "reverse": "@v@.reverse()",
        "sort_downwards": "@v@.sort(reverse=True)",
        "pop": "@v@.pop()",
        "pop_first": "@v@.pop(0)",
        "pop_second": "@v@.pop(1)",
    },
    "map": {
        "plus": "@v@ = [i + @by@ for i in @v@]",
        "minus": "@v@ = [i - @by@ for i in @v@]",
        "times": "@v@ = [i * @by@ for i in @v@]",
        "from": "@v@ = [@by@ - i for i in @v@]",
        "quotient": "@v@ = [i // @by@ for i in @v@]",
        "rest": "@v@ = [i % @by@ for i in @v@]",
    },
    "filter": {
        "above": "@v@ = [i for i in @v@ if i > @bound@]",
        "below": "@v@ = [i for i in @v@ if i < @bound@]",
        "unequal": "@v@ = [i for i in @v@ if i != @bound@]",
        "even": "@v@ = [i for i in @v@ if i % 2 == 0]",
        "odd": "@v@ = [i for i in @v@ if i % 2 == 1]",
        "no_third": "@v@ = [i for i in @v@ if i % 3 > 0]",
    },
    "join": {
        "turn_left": "@v@ = @v@[1:] + @v@[:1]",
        "turn_right": "@v@ = @v@[-1:] + @v@[:-1]",
        "first_again": "@v@ = @v@ + @v@[:1]",
        "last_again": "@v@ = @v@ + @v@[-1:]",
        "last_in_front": "@v@ = @v@[-1:] + @v@",
        "first_doubled": "@v@ = @v@[:1] + @v@",
    },
}


def list_functions(rng: Random, difficulty: str) -> Sketch:
    v = name(rng)
    new, one, two = rng.sample(range(10, 100), 3)
    steps = steps_of(TABLE, v=v, new=new, by=rng.randint(2, 9), bound=rng.randint(5, 12))
    items = rng.sample(range(1, 20), rng.randint(4, 5))
    changed = list(items)
    changed[rng.choice(range(len(items)))] = rng.randint(1, 19)
    arguments = {
        "given": items,
        "reversed": items[::-1],
        "sorted": sorted(items),
        "shifted": items[1:] + items[:1],
        "swapped": [items[1], items[0], *items[2:]],
        "last_swapped": [*items[:-2], items[-1], items[-2]],
        "changed": changed,
        "raised": [items[0] + 1, *items[1:]],
    }
    chosen = rng.sample(steps, STEPS[difficulty])
    anchor = f"{v} = {v} + [{one}, {two}]"
    return sketch(rng, f"list_functions:{one}:{two}", v, chosen, anchor, arguments)
