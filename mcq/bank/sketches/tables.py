"""Functions from a word to a dictionary of its letters."""

from __future__ import annotations

from random import Random
from typing import Final

from mcq.bank.sketches.sketch import STEPS, Sketch, Table, sketch_of_lines, steps_of
from mcq.bank.words import name

LOOP: Final[Table] = {
    "over": {
        "all": "for i in @v@:",
        "backwards": "for i in @v@[::-1]:",
        "rest": "for i in @v@[1:]:",
        "front": "for i in @v@[:-1]:",
        "every_second": "for i in @v@[::2]:",
        "sorted": "for i in sorted(@v@):",
    },
    "count": {
        "up": "    d[i] = d.get(i, @start@) + 1",
        "down": "    d[i] = d.get(i, @start@) - 1",
        "double": "    d[i] = d.get(i, @start@) * 2",
        "by_more": "    d[i] = d.get(i, @start@) + @by@",
        "set": "    d[i] = @start@",
        "size": "    d[i] = len(d)",
    },
}
TABLE: Final[Table] = {
    "change": {
        "assign": "d['@first@'] = @new@",
        "default": "d.setdefault('@first@', @new@)",
        "pop": "d.pop('@first@', @new@)",
        "add": "d['@first@'] = d.get('@first@', 0) + @new@",
        "other": "d['@second@'] = @new@",
        "unknown": "d['z'] = @new@",
    },
    "merge": {
        "right_wins": "d = d | {'@second@': @two@}",
        "left_wins": "d = {'@second@': @two@} | d",
        "other": "d = d | {'@first@': @two@}",
        "only_large": "d = {i: d[i] for i in d if d[i] > @start@}",
        "only_small": "d = {i: d[i] for i in d if d[i] <= @start@}",
        "raised": "d = {i: d[i] + @two@ for i in d}",
    },
    "sift": {
        "without_first": "d = {i: d[i] for i in d if i != @v@[0]}",
        "without_last": "d = {i: d[i] for i in d if i != @v@[-1]}",
        "doubled": "d = {i: d[i] * 2 for i in d}",
        "lowered": "d = {i: d[i] - @by@ for i in d}",
        "odd": "d = {i: d[i] for i in d if d[i] % 2}",
        "even": "d = {i: d[i] for i in d if d[i] % 2 == 0}",
    },
    "order": {
        "sorted": "d = dict(sorted(d.items()))",
        "backwards": "d = dict(list(d.items())[::-1])",
        "rest": "d = dict(list(d.items())[1:])",
        "front": "d = dict(list(d.items())[:-1])",
        "two": "d = dict(list(d.items())[:2])",
        "by_count": "d = dict(sorted(d.items(), key=lambda i: i[1]))",
    },
}


def table_functions(rng: Random, difficulty: str) -> Sketch:
    v = name(rng)
    letters = rng.sample("bcdfghkmnpr", 3)
    text = "".join(rng.sample(letters * 2, 5))
    values = {
        "v": v,
        "first": letters[0],
        "second": letters[1],
        "start": rng.randint(2, 9),
        "by": rng.randint(2, 9),
        "new": rng.randint(10, 99),
        "two": rng.randint(10, 99),
    }
    loop = steps_of(LOOP, **values)
    chosen = [*loop, *rng.sample(steps_of(TABLE, **values), STEPS[difficulty] - len(loop))]
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
    one, two = rng.randint(10, 99), rng.randint(10, 99)
    lines = [f"d = {{'x': {one}, 'y': {two}}}", *(f"@{step.name}@" for step in chosen), "return d"]
    return sketch_of_lines(f"table_functions:{one}:{two}", v, chosen, lines, arguments)
