"""What a question must be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.answers import AnswerRequest
from contracts.questions import (
    FEWEST_CHOICES,
    LETTERS,
    MOST_CHOICES,
    Question,
    check_choices,
    letters_for,
)

GOOD: dict[str, Any] = {"id": "q1", "stem": "What?", "choices": ["a", "b", "c"], "answer": "B"}

distinct_choices = st.lists(
    st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip())),
    min_size=FEWEST_CHOICES,
    max_size=MOST_CHOICES,
    unique_by=lambda text: text.strip(),
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stem": ""}, "at least 1 character"),
        ({"stem": " \n"}, "the stem is blank"),
        ({"stem": "x" * 20_001}, "at most 20000 characters"),
        ({"id": ""}, "at least 1 character"),
        ({"id": "x" * 201}, "at most 200 characters"),
        ({"code": "x" * 50_001}, "at most 50000 characters"),
        ({"choices": ["a"]}, "at least 2 items"),
        ({"choices": [str(n) for n in range(11)]}, "at most 10 items"),
        ({"choices": ["a", ""]}, "at least 1 character"),
        ({"choices": ["a", "\t"], "answer": "A"}, "choice B is blank"),
        ({"choices": ["a", "b", "b "]}, "choices B and C are the same"),
        ({"choices": ["a", "b", "a "], "answer": "C"}, "choices A and C are the same"),
        ({"choices": ["a", "b", "a "], "answer": None}, "choices A and C are the same"),
        ({"choices": ["a", "b" * 10_001], "answer": "A"}, "at most 10000 characters"),
        ({"choices": "ab"}, "valid tuple"),
        ({"answer": "D"}, "the answer D is not among the choices ABC"),
        ({"answer": "K"}, "Input should be"),
        ({"answer": "b"}, "Input should be"),
        ({"misconceptions": ["x", None]}, "misconceptions has 2 entries for 3 choices"),
        ({"proof": {"program": "0", "sources": ["x"], "printed": []}}, "proof.sources has 1"),
        ({"proof": {"program": "0", "sources": [], "printed": ["x"]}}, "proof.printed has 1"),
        (
            {"proof": {"program": "0", "sources": [], "printed": [*GOOD["choices"][:2], "9"]}},
            "the proof printed something else than choice C",
        ),
        (
            {
                "kind": "patch",
                "proof": {"program": "0", "sources": [], "printed": ["no", "yes", "yes"]},
            },
            "by the proof another choice does what the answer does",
        ),
        ({"gold": "B"}, "Extra inputs are not permitted"),
    ],
)
def test_a_bad_question_is_refused_with_the_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Question.model_validate(GOOD | change)
    assert reason in str(caught.value)


@pytest.mark.parametrize("kind", ["input", "line", "patch"])
def test_a_choice_that_is_no_output_is_borne_out_by_what_the_answer_alone_does(kind: str) -> None:
    proof = {"program": "0", "sources": [], "printed": ["no", "yes", "no"]}
    assert Question.model_validate(GOOD | {"kind": kind, "proof": proof}).proof is not None


@pytest.mark.parametrize("missing", ["id", "stem", "choices"])
def test_what_a_question_cannot_lack(missing: str) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        Question.model_validate({key: GOOD[key] for key in GOOD if key != missing})


def test_a_question_is_frozen() -> None:
    question = Question.model_validate(GOOD)
    with pytest.raises(ValidationError, match="frozen"):
        question.stem = "Other?"


def test_gold_is_the_letters_place() -> None:
    assert Question.model_validate(GOOD).gold == 1
    assert Question.model_validate({**GOOD, "answer": None}).gold is None


def test_letters() -> None:
    assert letters_for(2) == "AB"
    assert letters_for(MOST_CHOICES) == LETTERS == "ABCDEFGHIJ"


@given(choices=distinct_choices, data=st.data())
def test_two_to_ten_distinct_choices_make_a_question(
    choices: list[str], data: st.DataObject
) -> None:
    letter = data.draw(st.sampled_from(letters_for(len(choices))))
    question = Question.model_validate(
        {"id": "q", "stem": "?", "choices": choices, "answer": letter}
    )
    assert question.gold is not None
    assert question.choices[question.gold] == choices[LETTERS.index(letter)]
    assert Question.model_validate_json(question.model_dump_json()) == question


@given(choices=distinct_choices, data=st.data())
def test_a_choice_said_twice_is_refused_whatever_space_surrounds_it(
    choices: list[str], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(choices) - 2))
    again = data.draw(st.integers(first + 1, len(choices) - 1))
    space = data.draw(st.sampled_from(["", " ", "\n", "\t "]))
    choices[again] = space + choices[first] + space
    reason = f"choices {LETTERS[first]} and {LETTERS[again]} are the same"
    with pytest.raises(ValueError, match=reason):
        check_choices(choices)


def test_wrong_choices_may_repeat_each_other() -> None:
    question = Question.model_validate({**GOOD, "choices": ["a", "b", "a", "a"]})
    assert question.choices == ("a", "b", "a", "a")
    with pytest.raises(ValueError, match="choices B and C are the same"):
        check_choices(["a", "b", "b", "b"], "C")


@given(choices=distinct_choices)
def test_distinct_choices_pass(choices: list[str]) -> None:
    check_choices(choices)


def test_a_caller_asks_without_id_and_gold() -> None:
    asked = AnswerRequest(question="What?", code="print(1)", choices=("1", "2"))
    question = asked.as_question("request-7")
    assert (question.id, question.stem, question.code) == ("request-7", "What?", "print(1)")
    assert question.answer is None
    with pytest.raises(ValidationError, match="the question is blank"):
        AnswerRequest(question=" ", choices=("1", "2"))
    with pytest.raises(ValidationError, match="choices A and B are the same"):
        AnswerRequest(question="?", choices=("1", " 1"))
