"""Programs are compared without the names of their variables."""

from __future__ import annotations

import ast
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcq.bank.families import DIFFICULTIES, FAMILIES
from mcq.bank.program import SPLIT_BUCKETS, Draft, bucket_of, draft, normalised, program_hash


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1\nprint(a)", "total = 1\nprint(total)"),
        ("a = 1\nprint(a)", "a   =  1   # a comment\nprint( a )"),
        ("a = b = 1\nprint(a)", "b = a = 1\nprint(b)"),
    ],
)
def test_names_and_layout_do_not_count(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("print(1)", "print(True)"),
        ("print(1)", "print(1.0)"),
        ("print('1')", "print(1)"),
        ("print(None)", "print()"),
        ("a = [3]\nprint(len(a))", "a = [3]\nprint(sum(a))"),
        ("a = 1\nb = 2\nprint(a)", "a = 1\nb = 2\nprint(b)"),
        ("a = [1]\na.append(1)", "a = [1]\na.remove(1)"),
        ("print('a'[1:])", "print('a'[:1])"),
    ],
)
def test_what_a_program_does_counts(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_what_is_no_program_is_refused() -> None:
    with pytest.raises(SyntaxError):
        normalised("a = ")


@settings(max_examples=60, deadline=None)
@given(
    family=st.sampled_from(sorted(FAMILIES)),
    difficulty=st.sampled_from(DIFFICULTIES),
    seed=st.integers(0, 10_000),
)
def test_renaming_variables_never_changes_hash_or_bucket(
    family: str, difficulty: str, seed: int
) -> None:
    source = FAMILIES[family](Random(seed), difficulty).source
    tree = ast.parse(source)
    bound = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    assert bound
    names = {name: f"other_{place}" for place, name in enumerate(sorted(bound))}
    renamed = ast.unparse(ast.fix_missing_locations(_Rename(names).visit(tree)))
    assert renamed != source
    assert program_hash(renamed) == program_hash(source)
    assert 0 <= bucket_of(program_hash(source)) < SPLIT_BUCKETS


def test_the_hash_of_a_program_never_changes() -> None:
    # The split hangs on it: a new value would mix the splits of an old bank and a new one.
    assert program_hash("a = [1, 'x', -2]\nprint(a[0])") == (
        "0a10ea086fba4c986f3016aff65354bd6d29dce205c738f204ed3f85c19e7f3e"
    )


def test_a_draft_keeps_the_order_of_its_misreadings() -> None:
    made = draft("print(1)", [("one", "print(2)"), ("two", "print(3)")])
    assert isinstance(made, Draft)
    assert [(m.misconception, m.source) for m in made.misreadings] == [
        ("one", "print(2)"),
        ("two", "print(3)"),
    ]
