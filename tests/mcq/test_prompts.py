"""Templates never change under their name: registered versions were trained on them."""

from __future__ import annotations

import pytest

from contracts.questions import Question
from mcq.prompts import TEMPLATES

QUESTION = Question(
    id="q",
    stem="What does this code print?",
    code="a = 1\nprint(a)",
    choices=("1", "2"),
    answer="A",
)


def test_code_1_is_stem_blank_line_code() -> None:
    assert TEMPLATES["code-1"](QUESTION) == [
        {"role": "user", "content": "What does this code print?\n\na = 1\nprint(a)"}
    ]


def test_code_1_without_code_is_the_stem() -> None:
    question = QUESTION.model_copy(update={"code": None})
    assert TEMPLATES["code-1"](question) == [
        {"role": "user", "content": "What does this code print?"}
    ]


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_no_template_tells_the_answer_or_where_a_question_comes_from(name: str) -> None:
    known = QUESTION.model_copy(
        update={"family": "loops", "difficulty": "hard", "misconceptions": (None, "off_by_one")}
    )
    unknown = QUESTION.model_copy(update={"answer": None})
    assert TEMPLATES[name](known) == TEMPLATES[name](unknown)


def test_the_table_of_templates_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TEMPLATES["code-1"] = TEMPLATES["code-1"]  # type: ignore[index]
