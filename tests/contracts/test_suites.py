"""Suites: their names, their versions, and what a declaration may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.errors import BadSuites
from contracts.suites import SuiteRef, Suites, SuiteSpec

DIGEST = "sha256:" + "0" * 64


def spec(**changes: Any) -> dict[str, Any]:
    return {
        "name": "quiz",
        "version": 1,
        "description": "a quiz",
        "sources": [{"path": "quiz.jsonl"}],
        **changes,
    }


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [("quiz", "quiz", None), ("quiz@1", "quiz", 1), ("mmlu-cs.v2@12", "mmlu-cs.v2", 12)],
)
def test_a_name_is_read_and_written(text: str, name: str, version: int | None) -> None:
    ref = SuiteRef.parse(text)
    assert (ref.name, ref.version, str(ref)) == (name, version, text)


@pytest.mark.parametrize("text", ["", "Quiz", "quiz@", "quiz@0", "quiz@01", "quiz@x", "a b", "@1"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadSuites, match="not a suite's name"):
        SuiteRef.parse(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"sources": []},
        {"description": ""},
        {"digest": "sha256:abc"},
        {"max_questions": 0},
        {"filter": {"family": ["sums"]}},
        {"pin": DIGEST},
    ],
)
def test_a_declaration_that_says_something_else_is_refused(changes: dict[str, Any]) -> None:
    assert SuiteSpec.model_validate(spec(digest=DIGEST)).digest == DIGEST
    with pytest.raises(ValidationError, match=next(iter(changes))):
        SuiteSpec.model_validate(spec(**changes))


def test_a_version_is_declared_once() -> None:
    with pytest.raises(ValidationError, match="quiz@1 is declared twice"):
        Suites.model_validate({"suites": [spec(), spec(version=2), spec()]})


def test_without_a_version_the_highest_is_meant() -> None:
    versions = [spec(version=version) for version in (2, 10, 9)]
    suites = Suites.model_validate({"suites": [*versions, spec(name="other", version=11)]})

    def found(text: str) -> str | None:
        one = suites.find(SuiteRef.parse(text))
        return None if one is None else str(one.ref)

    assert found("quiz") == "quiz@10"
    assert found("quiz@9") == "quiz@9"
    assert found("quiz@1") is None
    assert found("none") is None
