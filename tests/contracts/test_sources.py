"""Sources: a path or a dataset at one commit, and how addresses are read and written."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.errors import BadInput
from contracts.sources import FormatName, QuestionSource, parse_source

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DATASET = {"dataset": "someone/quiz", "revision": COMMIT}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "a path or a dataset"),
        ({"path": "a.csv", **DATASET}, "a path or a dataset"),
        ({"dataset": "someone/quiz"}, "needs its revision"),
        ({"path": "a.csv", "revision": COMMIT}, "a path has no revision"),
        ({"path": ""}, "at least 1 character"),
        ({**DATASET, "revision": "main"}, "should match pattern"),
        ({**DATASET, "dataset": "quiz"}, "should match pattern"),
        ({**DATASET, "dataset": "../quiz"}, "should match pattern"),
        ({**DATASET, "dataset": "a/b/c"}, "should match pattern"),
        ({"path": "a.csv", "format": "xml"}, "Input should be"),
        ({"path": "a.csv", "speed": 3}, "Extra inputs"),
        ({"path": "a.csv", "columns": {"stem": "q"}}, "columns.stem"),
    ],
)
def test_what_is_no_source_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        QuestionSource.model_validate(fields)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a/b.csv", {"path": "a/b.csv"}),
        ("a?b.csv", {"path": "a?b.csv"}),
        (f"hf://someone/quiz@{COMMIT}", DATASET),
        (f"hf://datasets/someone/quiz@{COMMIT}", DATASET),
        (f"hf://someone/quiz@{COMMIT}?config=a%20b", {**DATASET, "config": "a b"}),
        (
            f"hf://someone/quiz@{COMMIT}?split=dev&config=all",
            {**DATASET, "config": "all", "split": "dev"},
        ),
    ],
)
def test_a_text_names_a_source(text: str, fields: dict[str, str]) -> None:
    assert parse_source(text) == QuestionSource.model_validate(fields)


def test_flags_say_what_the_address_does_not() -> None:
    found = parse_source("hf://someone/quiz", revision=COMMIT, config="all", split=None)
    assert found == QuestionSource.model_validate({**DATASET, "config": "all"})
    assert parse_source("a.csv", format="mmlu").format == "mmlu"


@pytest.mark.parametrize(
    ("text", "settings", "reason"),
    [
        ("hf://someone", {}, "no address of a dataset"),
        ("hf:someone/quiz", {}, "no address of a dataset"),
        ("hf://a/b/c", {}, "no address of a dataset"),
        ("hf://someone/quiz", {}, "needs its revision"),
        ("hf://someone/quiz@main", {}, "revision: String should match"),
        (f"hf://someone/quiz@{COMMIT}?speed=3", {}, "speed after the question mark"),
        (f"hf://someone/quiz@{COMMIT}?config=a&config=b", {}, "the same key twice"),
        (f"hf://someone/quiz@{COMMIT}", {"revision": "f" * 40}, "but ffff"),
        (f"hf://someone/quiz@{COMMIT}?split=dev", {"split": "test"}, "split dev, but test"),
        ("a.csv", {"revision": COMMIT}, "a path has no revision"),
        ("a.csv", {"columns": {"stem": "q"}}, "columns.stem"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(
    text: str, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        parse_source(text, **settings)
    assert text in caught.value.fact


names = st.from_regex(r"[A-Za-z0-9][\w.-]{0,9}", fullmatch=True).filter(str.isascii)
chosen = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@given(owner=names, name=names, config=chosen, split=chosen)
def test_an_address_says_all_that_it_was_made_of(
    owner: str, name: str, config: str | None, split: str | None
) -> None:
    source = QuestionSource(dataset=f"{owner}/{name}", revision=COMMIT, config=config, split=split)
    assert parse_source(source.address) == source


def test_the_formats_are_the_loaders() -> None:
    from mcq.loaders.reading import LOADERS

    assert tuple(LOADERS) == get_args(FormatName)
