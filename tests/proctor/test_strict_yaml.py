from __future__ import annotations

import pytest
import yaml

from contracts.errors import BadInput
from proctor.strict_yaml import parse_yaml


def parsed(text: str) -> object:
    return parse_yaml(text, BadInput)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 1", "the key a is given twice, in line 1 and in line 3"),
        ("a: 1\n'a': 2", "the key a is given twice, in line 1 and in line 2"),
        ("{a: 1, a: 2}", "the key a is given twice, in line 1 and in line 1"),
        ("x:\n  - y: {1: 2}\n  - z:\n      1: 2\n      1: 3", "the key 1 .* line 4 and in line 5"),
        ("a: {b: 1\n", "not YAML"),
        ("a: 2024-13-45", "not YAML"),
        ("[" * 5_000, "not YAML"),
        ("a: !!python/name:os.system x", "not YAML"),
    ],
)
def test_what_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "a: {a: {a: 1}}\nb: [{a: 1}, {a: 1}]",
        "'1': text\n1: number",
        # A merged key that is given again is what merging is for, in whatever order.
        "a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: [*b, *a], y: 4}",
        "? [1, 2]\n: list\n",
    ],
)
def test_all_else_is_as_pyyaml_has_it(text: str) -> None:
    try:
        expected = yaml.safe_load(text)
    except yaml.YAMLError:
        with pytest.raises(BadInput, match="not YAML"):
            parsed(text)
    else:
        assert parsed(text) == expected
