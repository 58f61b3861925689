"""Methods of strings, and f-strings."""

from __future__ import annotations

from random import Random

from mcq.bank.group import Facet, Group, both, choice_of
from mcq.bank.words import name, two_names, word

CASES = ("upper", "lower", "capitalize", "swapcase")


def _mixed_case(rng: Random, text: str) -> str:
    """``text`` with at least one upper-case letter that is not the first."""
    places = set(rng.sample(range(1, len(text)), rng.randint(1, 2)))
    return "".join(letter.upper() if at in places else letter for at, letter in enumerate(text))


def string_methods(rng: Random, difficulty: str) -> Group:
    """Case (easy), replacement (medium), a result that was not kept (hard)."""
    x = name(rng)
    if difficulty == "medium":
        text = word(rng, 4, 6)
        twice = rng.randint(0, len(text) - 1)
        text += text[twice] + rng.choice([letter for letter in "bdgkmt" if letter not in text])
        one, other = text[twice], rng.choice([c for c in text if c != text[twice]])
        new = rng.choice([letter for letter in "oxyzw" if letter not in text])
        old = Facet("old", {f"letter_{c}": c for c in (one, other)}, _other_letter(one, other))
        count = choice_of(
            "count",
            both("every", "first", "replaces_the_first_only", "replaces_every"),
            every="",
            first=", 1",
        )
        put = choice_of(
            "new", both("letter", "nothing", "deletes", "does_not_delete"), letter=new, nothing=""
        )
        return Group(
            f"string_methods:{text}",
            f'{x} = "{text}"\nprint({x}.replace("@old@", "@new@"@count@))',
            (old, put, count),
        )
    text = _mixed_case(rng, word(rng, 4, 7))
    head = f'{x} = "{text}"\n'
    if difficulty == "easy":
        call = Facet("call", {case: case for case in CASES})
        return Group(f"string_methods:{text}", f"{head}print({x}.@call@())", (call,))
    tail = word(rng, 2, 3)
    call = Facet("call", {case: case for case in rng.sample(CASES, 3)})
    if rng.randint(0, 1):
        keep = choice_of(
            "keep",
            both("lost", "kept", "strings_change_in_place", "assignment_is_lost"),
            lost=f"{x}.@call@()",
            kept=f"{x} = {x}.@call@()",
        )
        text_of = f'{head}@keep@\nprint({x} + "{tail}")'
    else:
        keep = choice_of(
            "keep",
            both("part", "whole", "method_reaches_the_sum", "method_stops_at_the_name"),
            part=f'{x}.@call@() + "{tail}"',
            whole=f'({x} + "{tail}").@call@()',
        )
        text_of = f"{head}print(@keep@)"
    return Group(f"string_methods:{text}:{tail}", text_of, (keep, call))


def _other_letter(one: str, other: str) -> dict[tuple[str, str], str]:
    pair = f"letter_{one}", f"letter_{other}"
    return {pair: "replaces_another_letter", pair[::-1]: "replaces_another_letter"}


def fstrings(rng: Random, difficulty: str) -> Group:
    """What braces mean (easy), widths and signs (medium), conversions and bases (hard)."""
    x, y = two_names(rng)
    if difficulty == "easy":
        one, two = word(rng, 3, 4), word(rng, 2, 3)
        braces = both("value", "name", "braces_are_text", "names_are_values")
        braces |= both("value", "escaped", "braces_are_escaped", "escaped_braces_are_values")
        left = choice_of("left", braces, value=f"{{{x}}}", name=x, escaped=f"{{{{{x}}}}}")
        right = choice_of("right", braces, value=f"{{{y}}}", name=y, escaped=f"{{{{{y}}}}}")
        text = f'{x} = "{one}"\n{y} = "{two}"\nprint(f"@left@-@right@")'
        return Group(f"fstrings:{one}:{two}", text, (left, right))
    number = rng.randint(10, 999)
    unit = word(rng, 2, 3)
    if difficulty == "medium":
        specs = {
            "plain": "",
            "right": ":5",
            "left": ":<5",
            "centred": ":^5",
            "zeros": ":05",
            "signed": ":+",
            "dots": ":.>5",
            "stars": ":*<5",
        }
        spec = Facet("spec", {key: specs[key] for key in rng.sample(sorted(specs), 5)})
        order = choice_of(
            "order", number_first=f"{{{x}@spec@}}{unit}", unit_first=f"{unit}{{{x}@spec@}}"
        )
        text = f'{x} = {number}\nprint(f"@order@")'
        return Group(f"fstrings:{number}:{unit}", text, (order, spec))
    if rng.randint(0, 1):
        value = f"{rng.randint(1, 99)}.{rng.randint(100, 999)}"
        specs = {
            "plain": "",
            "two_places": ":.2f",
            "one_place": ":.1f",
            "no_places": ":.0f",
            "two_digits": ":.2g",
            "three_digits": ":.3g",
            "exponent": ":.1e",
        }
    else:
        value = f'"{word(rng, 5, 7)}"'
        specs = {
            "plain": "",
            "quoted": "!r",
            "cut_to_three": ":.3",
            "cut_to_four": ":.4",
            "upper": ".upper()",
            "first": "[0]",
            "rest": "[1:]",
            "stars": ":*<8",
        }
    spec = Facet("spec", {key: specs[key] for key in rng.sample(sorted(specs), 6)})
    text = f'{x} = {value}\nprint(f"{unit}{{{x}@spec@}}")'
    return Group(f"fstrings:{value}:{unit}", text, (spec,))
