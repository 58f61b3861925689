from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.questions import Question
from contracts.replies import ReasonedReply

QUESTION = Question(id="q", stem="What?", choices=("1", "2"), answer="B")
FACTS: dict[str, Any] = {
    "question": "q",
    "understanding": " What is asked. ",
    "analysis": {"A": "No.", "B": "Yes."},
    "reasoning": "Step by step.",
    "conclusion": "It is B.",
    "answer": "B",
}


def reply(**changes: Any) -> ReasonedReply:
    return ReasonedReply.model_validate({**FACTS, **changes})


def test_a_good_one_is_stripped_and_fits_its_question() -> None:
    found = reply()
    assert found.understanding == "What is asked."
    found.check(QUESTION)
    assert ReasonedReply.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    "changes",
    [
        {"conclusion": " "},
        {"answer": "C"},
        {"analysis": {}},
        {"analysis": {"a": "No.", "B": "Yes."}},
        {"thoughts": "none"},
        {"question": ""},
    ],
)
def test_a_bad_one_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        reply(**changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer": "A"}, "the answer is A, and the right one B"),
        ({"analysis": {"B": "Yes."}}, "of the choices B, and there are AB"),
        ({"analysis": {"A": "x", "B": "y", "C": "z"}}, "of the choices ABC, and there are AB"),
    ],
)
def test_one_that_does_not_fit_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        reply(**changes).check(QUESTION)
