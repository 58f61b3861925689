"""Methods of strings, and repetition of strings and lists."""

from __future__ import annotations

from random import Random

from mcq.bank.program import Draft, draft
from mcq.bank.words import digits, name, two_names, word


def _mixed_case(rng: Random, text: str) -> str:
    """``text`` with at least one upper-case letter that is not the first."""
    places = set(rng.sample(range(1, len(text)), rng.randint(1, 2)))
    return "".join(letter.upper() if at in places else letter for at, letter in enumerate(text))


def string_methods(rng: Random, difficulty: str) -> Draft:
    """Case (easy), replacement (medium), a result that was not kept (hard)."""
    variable = name(rng)
    if difficulty == "medium":
        text = word(rng, 4, 5)
        old = rng.choice(text)
        text = text + old + rng.choice("bdgkmt")
        new = rng.choice([letter for letter in "oxyzw" if letter not in text])
        head = f'{variable} = "{text}"\n'
        source = f'{head}print({variable}.replace("{old}", "{new}"))'
        wrong = [
            ("replaces_the_first_only", f'{head}print({variable}.replace("{old}", "{new}", 1))'),
            ("replaces_in_place_only", f"{head}print({variable})"),
            ("swaps_the_arguments", f'{head}print({variable}.replace("{new}", "{old}") + "{new}")'),
            ("deletes", f'{head}print({variable}.replace("{old}", ""))'),
        ]
        return draft(source, wrong)
    text = _mixed_case(rng, word(rng, 4, 7))
    calls = {
        "upper": f"{variable}.upper()",
        "lower": f"{variable}.lower()",
        "capitalize": f"{variable}.capitalize()",
        "swapcase": f"{variable}.swapcase()",
    }
    method = rng.choice(sorted(calls))
    head = f'{variable} = "{text}"\n'
    others = [other for other in sorted(calls) if other != method]
    if difficulty == "easy":
        source = f"{head}print({calls[method]})"
        wrong = [(f"{method}_taken_for_{o}", f"{head}print({calls[o]})") for o in others]
        wrong.append((f"{method}_changes_nothing", f"{head}print({variable})"))
        return draft(source, wrong)
    tail = word(rng, 2, 3)
    if rng.randint(0, 1):
        source = f'{head}{calls[method]}\nprint({variable} + "{tail}")'
        wrong = [
            ("strings_change_in_place", f'{head}print({calls[method]} + "{tail}")'),
            ("method_reaches_the_sum", f'{head}print(({variable} + "{tail}").{method}())'),
            ("sum_is_not_printed", f"{head}print({calls[method]})"),
            ("tail_is_not_added", f"{head}print({variable})"),
        ]
        return draft(source, wrong)
    source = f'{head}print({calls[method]} + "{tail}")'
    wrong = [
        ("method_reaches_the_sum", f'{head}print(({variable} + "{tail}").{method}())'),
        ("result_is_lost", f'{head}print({variable} + "{tail}")'),
        *[(f"{method}_taken_for_{o}", f'{head}print({calls[o]} + "{tail}")') for o in others],
    ]
    return draft(source, wrong)


def repetition(rng: Random, difficulty: str) -> Draft:
    """``s * n`` (easy), with a sum (medium), in a list or after ``+=`` (hard)."""
    first, second = two_names(rng)
    text, tail = word(rng, 2, 3), word(rng, 1, 2)
    times = rng.randint(2, 4)
    if difficulty == "easy":
        head = f'{first} = "{text}"\n'
        wrong = [
            ("one_time_too_many", f"{head}print({first} * {times + 1})"),
            ("one_time_too_few", f"{head}print({first} * {times - 1})"),
            ("repeats_each_letter", f'{head}print("".join(i * {times} for i in {first}))'),
            ("repeats_the_last_letter", f"{head}print({first} + {first}[-1] * {times - 1})"),
        ]
        return draft(f"{head}print({first} * {times})", wrong)
    if difficulty == "medium":
        head = f'{first} = "{text}"\n{second} = "{tail}"\n'
        wrong = [
            ("sum_before_product", f"{head}print(({first} + {second}) * {times})"),
            ("repeats_the_other", f"{head}print({first} * {times} + {second})"),
            ("one_time_too_many", f"{head}print({first} + {second} * {times + 1})"),
            ("one_time_too_few", f"{head}print({first} + {second} * {times - 1})"),
        ]
        return draft(f"{head}print({first} + {second} * {times})", wrong)
    if rng.randint(0, 1):
        head = f'{first} = "{text}"\n'
        source = f'{head}{first} += "{tail}" * {times}\nprint({first})'
        wrong = [
            ("sum_before_product", f'{head}print(({first} + "{tail}") * {times})'),
            ("assigns_instead_of_adding", f'{head}print("{tail}" * {times})'),
            ("adds_once", f'{head}print({first} + "{tail}")'),
            ("one_time_too_many", f'{head}print({first} + "{tail}" * {times + 1})'),
            ("one_time_too_few", f'{head}print({first} + "{tail}" * {times - 1})'),
        ]
        return draft(source, wrong)
    items = digits(rng, 2)
    extra = digits(rng, 1)
    times = rng.randint(2, 3)
    head = f"{first} = {items}\n"
    wrong = [
        ("sum_before_product", f"{head}print(({first} + {extra}) * {times})"),
        ("multiplies_the_items", f"{head}print([i * {times} for i in {first}] + {extra})"),
        ("one_time_too_few", f"{head}print({first} * {times - 1} + {extra})"),
        ("repeats_each_item", f"{head}print(sorted({first} * {times}) + {extra})"),
        ("one_time_too_many", f"{head}print({first} * {times + 1} + {extra})"),
    ]
    return draft(f"{head}print({first} * {times} + {extra})", wrong)
