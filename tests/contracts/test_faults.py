from __future__ import annotations

import pytest
from pydantic import ValidationError

from contracts.faults import dotted, every_fault, first_fault
from contracts.questions import Question

BAD = {"id": "q", "stem": "s", "choices": ["a", 2, "c"], "hints": "no", "proof": {"program": "p"}}


def fault_of(row: object) -> ValidationError:
    with pytest.raises(ValidationError) as found:
        Question.model_validate(row)
    return found.value


def test_every_fault_is_told_with_its_place() -> None:
    assert every_fault(fault_of(BAD)) == (
        "choices.1: Input should be a valid string",
        "proof.sources: Field required",
        "proof.printed: Field required",
        "hints: Extra inputs are not permitted",
    )
    assert first_fault(fault_of(BAD)) == "choices.1: Input should be a valid string"


def test_a_fault_of_the_whole_has_no_place_and_our_own_words() -> None:
    error = fault_of({"id": "q", "stem": " ", "choices": ["a", "b"]})
    assert first_fault(error) == "the stem is blank"


def test_places_and_words_may_be_spelled_otherwise() -> None:
    lines = every_fault(
        fault_of(BAD), place=lambda loc: f"<{dotted(loc)}>", words=lambda fault: str(fault["type"])
    )
    assert lines[0] == "<choices.1>: string_type"


def test_what_was_given_is_not_quoted() -> None:
    row = {"id": "q", "stem": "s", "choices": ["a", "b"], "answer": "a secret"}
    assert "secret" not in first_fault(fault_of(row))
