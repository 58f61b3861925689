"""Functions from a word to a word."""

from __future__ import annotations

from random import Random
from typing import Final

from mcq.bank.sketches.sketch import STEPS, Sketch, Table, sketch, steps_of
from mcq.bank.words import name, word

TABLE: Final[Table] = {
    "cut": {
        "all_but_first": "@v@ = @v@[1:]",
        "all_but_last": "@v@ = @v@[:-1]",
        "backwards": "@v@ = @v@[::-1]",
        "first_four": "@v@ = @v@[:4]",
        "inner": "@v@ = @v@[1:-1]",
        "every_second": "@v@ = @v@[::2]",
    },
    "case": {
        "upper": "@v@ = @v@.upper()",
        "capitalize": "@v@ = @v@.capitalize()",
        "swapcase": "@v@ = @v@.swapcase()",
        "first_upper": "@v@ = @v@[0].upper() + @v@[1:]",
        "last_upper": "@v@ = @v@[:-1] + @v@[-1].upper()",
        "two_upper": "@v@ = @v@[:2].upper() + @v@[2:]",
    },
    "add": {
        "behind": '@v@ = @v@ + "@one@"',
        "before": '@v@ = "@one@" + @v@',
        "second": '@v@ = @v@[0] + "@one@" + @v@[1:]',
        "before_last": '@v@ = @v@[:-1] + "@one@" + @v@[-1]',
        "around": '@v@ = "@one@" + @v@ + "@one@"',
        "instead_of_first": '@v@ = "@one@" + @v@[1:]',
    },
    "replace": {
        "letter": '@v@ = @v@.replace("@old@", "@new@")',
        "first_letter": '@v@ = @v@.replace(@v@[0], "@new@")',
        "last_letter": '@v@ = @v@.replace(@v@[-1], "@new@")',
        "second_letter": '@v@ = @v@.replace(@v@[1], "@new@")',
        "delete": '@v@ = @v@.replace("@old@", "")',
        "double": '@v@ = @v@.replace("@old@", "@old@@new@")',
    },
    "turn": {
        "turn_left": "@v@ = @v@[1:] + @v@[0]",
        "turn_right": "@v@ = @v@[-1] + @v@[:-1]",
        "first_again": "@v@ = @v@ + @v@[0]",
        "last_again": "@v@ = @v@ + @v@[-1]",
        "last_in_front": "@v@ = @v@[-1] + @v@",
        "turn_two": "@v@ = @v@[2:] + @v@[:2]",
    },
    "strip": {
        "left": '@v@ = @v@.lstrip("aeiou") + "@two@"',
        "right": '@v@ = @v@.rstrip("aeiou") + "@two@"',
        "both": '@v@ = @v@.strip("aeiou") + "@two@"',
        "prefix": '@v@ = @v@.removeprefix("@start@") + "@two@"',
        "nothing": '@v@ = @v@ + "@two@"',
        "all_but_three": '@v@ = @v@[:3] + "@two@"',
    },
}


def string_functions(rng: Random, difficulty: str) -> Sketch:
    v = name(rng)
    text, constant = word(rng, 5, 6), word(rng, 2, 3)
    old, new = rng.choice(text[1:-1]), rng.choice("xyw")
    one, two = word(rng, 1, 2), word(rng, 1, 2)
    steps = steps_of(TABLE, v=v, one=one, two=two, old=old, new=new, start=text[:2])
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
    anchor = f'{v} = {v} + "{constant}"'
    return sketch(rng, f"string_functions:{constant}", v, chosen, anchor, arguments)
