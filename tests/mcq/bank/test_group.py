"""Groups: every variant a program, every pair of options a label."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcq.bank.families import DIFFICULTIES, FAMILIES
from mcq.bank.group import Facet, Group, both, choice_of, numbers
from mcq.bank.program import program_hash
from mcq.bank.sketches import SKETCHES
from mcq.bank.sketches.sketch import STEPS

GROUP = Group(
    "key",
    "print(x@cut@)",
    (
        choice_of(
            "cut", both("two", "one", "cuts_once", "cuts_twice"), two="[@i@:3]", one="[@i@:]"
        ),
        numbers("i", (0, 1), up="starts_late", down="starts_early"),
    ),
)


def test_variants_are_all_combinations_and_facets_may_stand_in_options() -> None:
    assert [GROUP.source(variant) for variant in GROUP.variants()] == [
        "print(x[0:3])",
        "print(x[1:3])",
        "print(x[0:])",
        "print(x[1:])",
    ]


def test_a_label_names_every_facet_that_was_misread() -> None:
    assert GROUP.label(("two", "0"), ("one", "0")) == "cuts_once"
    assert GROUP.label(("one", "1"), ("two", "0")) == "cuts_twice+starts_early"
    assert GROUP.label(("one", "1"), ("one", "1")) == ""


def test_a_pair_without_a_name_of_its_own_is_named_after_its_options() -> None:
    assert choice_of("call", append="a", pop="b").label("append", "pop") == "reads_append_as_pop"


@given(st.sets(st.integers(-9, 9), min_size=2, max_size=6))
def test_numbers_are_labelled_by_distance_and_direction(values: set[int]) -> None:
    facet = numbers("i", values, up="up", down="down")
    for true in values:
        read = {other: facet.label(str(true), str(other)) for other in values - {true}}
        assert len(set(read.values())) == len(read)
        assert read.get(true + 1, "up") == "up"
        assert read.get(true - 1, "down") == "down"


def _groups(family: str, difficulty: str, count: int) -> list[Group]:
    rng = Random(f"{family}:{difficulty}")
    return [FAMILIES[family](rng, difficulty) for _ in range(count)]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_variant_is_a_program_of_its_own(family: str) -> None:
    for difficulty in DIFFICULTIES:
        for group in _groups(family, difficulty, 20):
            sources = [group.source(variant) for variant in group.variants()]
            assert len(sources) >= 4, group
            assert all("@" not in source for source in sources)
            assert all(ast.parse(source) for source in sources)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_misreading_has_a_label(family: str) -> None:
    for difficulty in DIFFICULTIES:
        (group,) = _groups(family, difficulty, 1)
        variants = group.variants()
        for true in variants:
            for read in variants:
                label = group.label(true, read)
                assert bool(label) == (read != true)
                assert re.fullmatch(r"[\w+]*", label)


def test_a_misconception_in_two_places_is_named_once() -> None:
    facets = tuple(choice_of(place, less="<", more=">") for place in ("one", "two"))
    group = Group("key", "print(1 @one@ 2, 3 @two@ 4)", facets)
    assert group.label(("less", "less"), ("more", "more")) == "reads_less_as_more"


def test_a_program_has_one_key_whatever_group_it_comes_from() -> None:
    """The key decides the split: else one program could be in training and in the test."""
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for family in FAMILIES:
        for difficulty in DIFFICULTIES:
            for group in _groups(family, difficulty, 150):
                for variant in group.variants():
                    keys[program_hash(group.source(variant))].add(group.key)
    assert len(keys) > 30_000
    assert [found for found in keys.values() if len(found) > 1] == []


@pytest.mark.parametrize("family", sorted(SKETCHES))
@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_a_sketch_has_six_options_a_line_and_eight_arguments(family: str, difficulty: str) -> None:
    rng = Random(f"{family}:{difficulty}")
    for _ in range(20):
        sketch = SKETCHES[family](rng, difficulty)
        facets = sketch.group.facets
        assert len(facets) == STEPS[difficulty]
        assert all(len(set(facet.options.values())) == 6 for facet in facets)
        assert len(sketch.arguments.options) == 8
        variant = tuple(rng.choice(list(facet.options)) for facet in facets)
        source = sketch.group.source(variant)
        assert ast.parse(source)
        assert "@" not in source
        lines = source.split("\n")
        for facet, option in zip(facets, variant, strict=True):
            assert lines[sketch.line_of(facet)].strip() == facet.options[option].strip()


def test_an_argument_is_taken_for_another() -> None:
    facet: Facet = SKETCHES["list_functions"](Random(1), "easy").arguments
    assert facet.label("given", "reversed") == "takes_reversed_for_given"
