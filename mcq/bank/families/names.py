"""Scopes of names, exceptions and dictionaries."""

from __future__ import annotations

from random import Random

from mcq.bank.group import Facet, Group, both, choice_of
from mcq.bank.words import digits, name, two_names, word

DECLARED = both("local", "global", "assignment_is_global", "global_is_ignored")


def scoping(rng: Random, difficulty: str) -> Group:
    """``global`` (easy), ``nonlocal`` (medium), a name that hides another (hard)."""
    x, y = two_names(rng)
    one, two, three = word(rng, 2, 3), word(rng, 2, 3), word(rng, 1, 2)
    key = f"scoping:{one}:{two}:{three}"
    shown = choice_of("shown", first_second=f"{x} + {y}", second_first=f"{y} + {x}")
    declared = Facet("declared", {"local": "", "global": f"global {x}\n    "}, DECLARED)
    if difficulty == "easy":
        text = (
            f'{x} = "{one}"\ndef f():\n    @declared@{x} = "{two}"\n'
            f'    return {x} + "{three}"\n{y} = f()\nprint(@shown@)'
        )
        return Group(key, text, (declared, shown))
    if difficulty == "medium":
        labels = both("local", "nonlocal", "assignment_reaches_outwards", "nonlocal_is_ignored")
        labels |= both("nonlocal", "global", "nonlocal_is_global", "global_is_nonlocal")
        options = {
            "local": "",
            "nonlocal": f"nonlocal {x}\n        ",
            "global": f"global {x}\n        ",
        }
        declared = Facet("declared", options, labels | DECLARED)
        text = (
            f'{x} = "{one}"\ndef f():\n    {x} = "{two}"\n    def g():\n'
            f'        @declared@{x} = "{three}"\n    g()\n    return {x}\n{y} = f()\nprint(@shown@)'
        )
        return Group(key, text, (declared, shown))
    key = f"scoping:{one}:{three}"
    hides = both("parameter", "global", "parameter_is_the_global", "global_is_the_parameter")
    source = choice_of("source", hides, parameter=f"f({x})", **{"global": f"f({y})"})
    given = choice_of("given", word=f'"{two}"', name=x, repeated=f"{x} * 2")
    body = choice_of("body", argument_first=f'{x} + "{three}"', argument_last=f'"{three}" + {x}')
    text = f'{x} = "{one}"\ndef @source@:\n    return @body@\nprint(f(@given@) + {x})'
    return Group(key, text, (source, body, given))


def exceptions(rng: Random, difficulty: str) -> Group:
    """else and finally (easy), which handler catches (medium), through a call (hard)."""
    x = name(rng)
    one, two, three, four = (word(rng, 2, 2) for _ in range(4))
    key = f"exceptions:{one}:{two}:{three}:{four}"
    if difficulty == "easy":
        act = choice_of(
            "act",
            both("raises", "works", "error_is_not_noticed", "error_where_none_is"),
            raises="int('a')",
            works="int('1')",
        )
        order = choice_of(
            "order",
            both("before", "after", "try_is_rolled_back", "try_goes_on_after_the_error"),
            before=f'@act@\n    {x} += "{two}"',
            after=f'{x} += "{two}"\n    @act@',
        )
        last = choice_of(
            "last",
            both("else", "finally", "else_always_runs", "finally_needs_success"),
            **{"else": "else", "finally": "finally"},
        )
        text = (
            f'{x} = "{one}"\ntry:\n    @order@\nexcept ValueError:\n    {x} += "{three}"\n'
            f'@last@:\n    {x} += "{four}"\nprint({x})'
        )
        return Group(key, text, (order, act, last))
    faults = {
        "ValueError": "int('a')",
        "IndexError": "[][0]",
        "KeyError": "{}[0]",
        "ZeroDivisionError": "1 // 0",
    }
    if difficulty == "medium":
        kinds = rng.sample(sorted(faults), 3)
        fault = Facet("fault", {kind: faults[kind] for kind in kinds})
        last = choice_of("last", finishes="finally", succeeds="else")
        text = (
            f'{x} = "{one}"\ntry:\n    @fault@\nexcept {kinds[0]}:\n    {x} += "{two}"\n'
            f'except {rng.choice([kinds[1], "Exception"])}:\n    {x} += "{three}"\n'
            f'@last@:\n    {x} += "{four}"\nprint({x})'
        )
        return Group(key, text, (fault, last))
    back = choice_of(
        "back",
        both("from_try", "from_finally", "finally_does_not_win", "finally_always_returns"),
        from_try=f'{x} += "{three}"',
        from_finally=f'return {x} + "{three}"',
    )
    risky = choice_of(
        "risky",
        both("raises", "works", "error_is_not_noticed", "error_where_none_is"),
        raises="int('a')",
        works="int('1')",
    )
    text = (
        f'def f({x}):\n    try:\n        @risky@\n        return {x} + "{one}"\n'
        f'    except ValueError:\n        return {x} + "{two}"\n'
        "    finally:\n        @back@\n"
        f'print(f("{four}"), f(@given@))'
    )
    given = choice_of("given", literal=f'"{one}"', other=f'"{three}"')
    return Group(key, text, (back, risky, given))


def dictionaries(rng: Random, difficulty: str) -> Group:
    """One change (easy), get and setdefault (medium), counting in a loop (hard)."""
    x, y = two_names(rng)
    first, second, third = rng.sample("abcdeghkmnpqruvwz", 3)
    one, two, new = digits(rng, 3, 1, 30)
    head = f"{x} = {{'{first}': {one}, '{second}': {two}}}\n"
    key = f"dictionaries:{first}{second}:{one}:{two}"
    where = choice_of("where", first=first, second=second, missing=third)
    if difficulty == "easy":
        act = choice_of(
            "act",
            both("assign", "setdefault", "assignment_keeps_the_old", "setdefault_overwrites"),
            assign=f"{x}['@where@'] = {new}",
            setdefault=f"{x}.setdefault('@where@', {new})",
            add=f"{x}['@where@'] = {x}.get('@where@', 0) + {new}",
        )
        return Group(key, f"{head}@act@\nprint({x})", (act, where))
    if difficulty == "medium":
        act = choice_of(
            "act",
            both("get", "setdefault", "get_stores_the_default", "setdefault_stores_nothing"),
            get=f"get('@where@', {new})",
            setdefault=f"setdefault('@where@', {new})",
            pop=f"pop('@where@', {new})",
        )
        return Group(key, f"{head}{y} = {x}.@act@\nprint({y}, list({x}.values()))", (act, where))
    if rng.randint(0, 1):
        other = f"{{'{second}': {new}, '{third}': {rng.randint(1, 30)}}}"
        merge = choice_of(
            "merge",
            both("right_wins", "left_wins", "left_value_wins", "right_value_wins"),
            right_wins=f"{x} | {y}",
            left_wins=f"{y} | {x}",
        )
        view = choice_of(
            "view",
            values="list((@merge@).values())",
            sorted_values="sorted((@merge@).values())",
            reversed_values="list((@merge@).values())[::-1]",
        )
        text = f"{head}{y} = {other}\nprint(@view@)"
        return Group(f"{key}:{other}", text, (view, merge))
    letters = [first, second] * 2
    rng.shuffle(letters)
    text_of = "".join(letters[: rng.randint(3, 4)]) + third
    start = rng.randint(1, 30)
    step = choice_of(
        "step",
        counts=f"{x}.get(i, {start}) + 1",
        doubles=f"{x}.get(i, {start}) * 2",
        places=f"{x}.get(i, {start}) - 1",
        resets=f"{start}",
    )
    over = choice_of("over", all="", rest="[1:]", back="[::-1]")
    text = f"{x} = {{}}\nfor i in '{text_of}'@over@:\n    {x}[i] = @step@\nprint({x})"
    return Group(f"dictionaries:{text_of}:{start}", text, (over, step))
