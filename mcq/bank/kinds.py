"""The kinds of questions: from siblings to four choices, one of which is then drawn.

``output``  What does this program print? Choices are what four siblings print; the drawn
            one becomes the code.
``input``   Which call gives this value? Choices are four calls of one function whose
            values differ; the value of the drawn one is shown.
``line``    Which line is wrong? Choices are four lines of one program; the value shown is
            that of the program with the drawn line put right, and no repair of another
            line gives it.
``patch``   Which line makes the tests pass? Choices are four replacements of one line that
            behave differently; the tests are what the drawn one does.

In each the choices are fixed before ``gold`` is drawn, so they cannot tell it. Everything
said is checked by running; ``Item.programs`` are all the programs that the item uses,
whichever choice is the gold.

Sources of the kinds: output and input prediction, CRUXEval (arXiv:2401.03065); execution,
repair and tests, LiveCodeBench (arXiv:2403.07974).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final

from mcq.bank.choosing import CHOICES, alike, pick, usable, value_of
from mcq.bank.execution import Outcome
from mcq.bank.families import FAMILIES
from mcq.bank.group import Facet, Variant
from mcq.bank.sketches import SKETCHES
from mcq.bank.sketches.sketch import Sketch

# More siblings than this are not run: four of them are wanted.
MOST_RUN: Final = 12
TESTS: Final = 3

STEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "output": "What does this code print?",
        "input": "Which call of this function gives the value in the comment?",
        "line": "One line of this code is wrong: it should print what the comment says. Which?",
        "patch": "A test fails. Which line, in place of the marked one, makes all tests pass?",
    }
)
KINDS: Final = tuple(STEMS)


@dataclass(frozen=True)
class Item:
    """Four choices in the order in which they were drawn, and the place of the right one.

    ``sources[i]`` is the program behind choice ``i`` and ``printed[i]`` what it printed:
    only the gold's printed what the question asks for. ``key`` decides the split.
    """

    kind: str
    family: str
    difficulty: str
    key: str
    code: str
    choices: tuple[str, ...]
    gold: int
    labels: tuple[str | None, ...]
    sources: tuple[str, ...]
    printed: tuple[str, ...]
    programs: tuple[str, ...]


# A drawing hands out programs to run and is sent their outcomes, so that the programs of
# many drawings can share one child process; it ends with an item, or ``None``.
Draw = Generator[Sequence[str], Sequence[Outcome], Item | None]


def draw_output(rng: Random, family: str, difficulty: str) -> Draw:
    """What four siblings print, or ``None`` when no four are alike."""
    group = FAMILIES[family](rng, difficulty)
    variants = group.variants()
    variants = rng.sample(variants, min(MOST_RUN, len(variants)))
    sources = [group.source(variant) for variant in variants]
    ran = list(zip(variants, sources, (yield sources), strict=True))
    taken = pick(
        [one for one in ran if usable(one[2])], lambda a, b: alike(a[2], b[2]), CHOICES, rng
    )
    if taken is None:
        return None
    gold = rng.randrange(CHOICES)
    printed = tuple(outcome.printed for _, _, outcome in taken)
    programs = tuple(source for _, source, _ in taken)
    return Item(
        kind="output",
        family=family,
        difficulty=difficulty,
        key=group.key,
        code=programs[gold],
        choices=printed,
        gold=gold,
        labels=_labels(gold, lambda at: group.label(taken[gold][0], taken[at][0])),
        sources=programs,
        printed=printed,
        programs=programs,
    )


def draw_input(rng: Random, family: str, difficulty: str) -> Draw:
    """Four calls of one function, each with a value of its own."""
    sketch = SKETCHES[family](rng, difficulty)
    definition = sketch.group.source(_any_variant(rng, sketch))
    options = sketch.arguments.options
    sources = [f"{definition}\n\nprint(repr(f({text})))" for text in options.values()]
    ran = list(zip(options, sources, (yield sources), strict=True))
    taken = pick([o for o in ran if usable(o[2])], lambda a, b: alike(a[2], b[2]), CHOICES, rng)
    if taken is None or len({options[name] for name, _, _ in taken}) < CHOICES:
        return None
    gold = rng.randrange(CHOICES)
    return Item(
        kind="input",
        family=family,
        difficulty=difficulty,
        key=sketch.group.key,
        code=f"{definition}\n\n# {taken[gold][2].printed}",
        choices=tuple(f"f({options[name]})" for name, _, _ in taken),
        gold=gold,
        labels=_labels(gold, lambda at: sketch.arguments.label(taken[gold][0], taken[at][0])),
        sources=tuple(source for _, source, _ in taken),
        printed=tuple(outcome.printed for _, _, outcome in taken),
        programs=(definition, *(source for _, source, _ in taken)),
    )


def draw_line(rng: Random, family: str, difficulty: str) -> Draw:
    """Four lines of one program, each with a repair whose value no other line's repair gives."""
    sketch = SKETCHES[family](rng, difficulty)
    shown = _any_variant(rng, sketch)
    call = f"\n\nprint(f({rng.choice(list(sketch.arguments.options.values()))}))"
    places = rng.sample(range(len(sketch.group.facets)), CHOICES)
    repairs = [
        (place, _with(shown, place, option))
        for place in places
        for option in sketch.group.facets[place].options
        if option != shown[place]
    ]
    variants = [shown, *(variant for _, variant in repairs)]
    sources = [sketch.group.source(variant) + call for variant in variants]
    outcomes = yield sources
    values = {
        place: {o.printed for (at, _), o in zip(repairs, outcomes[1:], strict=True) if at == place}
        for place in places
    }
    chosen = []
    for place in places:
        others = set().union(*(values[at] for at in places if at != place))
        ours = [
            (source, outcome)
            for (at, _), source, outcome in zip(repairs, sources[1:], outcomes[1:], strict=True)
            if at == place
            and usable(outcome)
            and outcome.printed not in others | {outcomes[0].printed}
        ]
        if not ours:
            return None
        chosen.append(rng.choice(ours))
    lines = [sketch.group.facets[place].options[shown[place]].strip() for place in places]
    displayed = [line.strip() for line in sources[0].split("\n")]
    if not usable(outcomes[0]) or any(displayed.count(line) > 1 for line in lines):
        return None
    gold = rng.randrange(CHOICES)
    return Item(
        kind="line",
        family=family,
        difficulty=difficulty,
        key=sketch.group.key,
        code=f"{sources[0]}  # {chosen[gold][1].printed}",
        choices=tuple(lines),
        gold=gold,
        labels=_labels(gold, lambda at: _suspicion(sketch, places[at], shown)),
        sources=tuple(source for source, _ in chosen),
        printed=tuple(outcome.printed for _, outcome in chosen),
        programs=(sources[0], *(source for source, _ in chosen)),
    )


def draw_patch(rng: Random, family: str, difficulty: str) -> Draw:
    """Four replacements of one line; the line that stands there is a fifth."""
    sketch = SKETCHES[family](rng, difficulty)
    variant = _any_variant(rng, sketch)
    place = rng.choice(range(len(sketch.group.facets)))
    facet = sketch.group.facets[place]
    given = rng.sample(sorted(set(sketch.arguments.options.values())), TESTS)
    definitions = {
        option: sketch.group.source(_with(variant, place, option)) for option in facet.options
    }
    calls = "".join(f"\nprint(repr(f({text})))" for text in given)
    outcomes = yield [f"{text}\n{calls}" for text in definitions.values()]
    ran = list(zip(definitions, outcomes, strict=True))
    taken = pick(
        [one for one in ran if usable(one[1])],
        lambda a, b: _values(a[1]) != _values(b[1]),
        CHOICES + 1,
        rng,
    )
    if taken is None:
        return None
    (before, _), *choices = taken
    gold = rng.randrange(CHOICES)
    wanted = choices[gold][1].printed.split("\n")
    tests = "".join(
        f"\nassert f({text}) == {value}" for text, value in zip(given, wanted, strict=True)
    )
    checks = "".join(
        f"\nprint(f({text}) == {value})" for text, value in zip(given, wanted, strict=True)
    )
    sources = tuple(f"{definitions[option]}\n{checks}" for option, _ in choices)
    printed = tuple(_passes(outcome, choices[gold][1]) for _, outcome in choices)
    at = sketch.line_of(facet)
    shown = definitions[before].split("\n")
    shown[at] += "  # this line"
    code = "\n".join(shown) + "\n" + tests
    broken, *checked = yield [code, *sources]
    if broken.status != "raised" or tuple(one.printed for one in checked) != printed:
        raise RuntimeError(f"the tests do not tell these patches apart:\n{code}")
    return Item(
        kind="patch",
        family=family,
        difficulty=difficulty,
        key=sketch.group.key,
        code=code,
        choices=tuple(facet.options[option].strip() for option, _ in choices),
        gold=gold,
        labels=_labels(gold, lambda at: facet.label(choices[gold][0], choices[at][0])),
        sources=sources,
        printed=printed,
        programs=tuple(f"{definitions[option]}\n{calls}" for option, _ in taken),
    )


def _labels(gold: int, label: Callable[[int], str]) -> tuple[str | None, ...]:
    return tuple(None if at == gold else label(at) for at in range(CHOICES))


def _any_variant(rng: Random, sketch: Sketch) -> Variant:
    return tuple(rng.choice(list(facet.options)) for facet in sketch.group.facets)


def _with(variant: Variant, place: int, option: str) -> Variant:
    return (*variant[:place], option, *variant[place + 1 :])


def _suspicion(sketch: Sketch, place: int, shown: Variant) -> str:
    facet: Facet = sketch.group.facets[place]
    return f"suspects_{facet.name}_{shown[place]}"


def _values(outcome: Outcome) -> list[object]:
    """What the calls returned: two dictionaries of another order are the same."""
    return [value_of(line) for line in outcome.printed.split("\n")]


def _passes(outcome: Outcome, wanted: Outcome) -> str:
    """Which tests hold, as the checks print it: one ``True`` or ``False`` a line."""
    pairs = zip(_values(outcome), _values(wanted), strict=True)
    return "\n".join(str(one == two) for one, two in pairs)


DRAWERS: Final[Mapping[str, Callable[[Random, str, str], Draw]]] = MappingProxyType(
    {"output": draw_output, "input": draw_input, "line": draw_line, "patch": draw_patch}
)


def families_of(kind: str) -> tuple[str, ...]:
    """The families that have questions of ``kind``."""
    return tuple(FAMILIES if kind == "output" else SKETCHES)
