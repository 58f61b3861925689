"""Templates never change under their name: registered versions were trained on them."""

from __future__ import annotations

import pytest

from contracts.questions import Question
from mcq.prompts import (
    DEFAULT_TEMPLATE,
    REASONED_PARTS,
    SCORED_AFTER,
    TEMPLATES,
    Completion,
    prompt_writer,
)

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


def test_letter_1_letters_the_choices_and_asks_for_the_letter() -> None:
    assert TEMPLATES["letter-1"](QUESTION) == [
        {
            "role": "user",
            "content": "What does this code print?\n\n```\na = 1\nprint(a)\n```\n\nA. 1\nB. 2\n\n"
            "Reply with the letter of the right choice only.",
        }
    ]


def test_letter_1_without_code_has_no_block() -> None:
    question = QUESTION.model_copy(update={"code": None})
    (message,) = TEMPLATES["letter-1"](question)
    assert message["content"].startswith("What does this code print?\n\nA. 1\nB. 2\n\n")


def test_a_choice_of_several_lines_is_a_block_of_its_own() -> None:
    question = QUESTION.model_copy(update={"choices": ("x = 1\ny = 2", "x")})
    (message,) = TEMPLATES["letter-1"](question)
    assert "\n\nA.\n```\nx = 1\ny = 2\n```\nB. x\n\n" in message["content"]


def test_a_fence_is_longer_than_what_it_holds() -> None:
    question = QUESTION.model_copy(update={"code": "s = '````'\n"})
    (message,) = TEMPLATES["letter-1"](question)
    assert "\n\n`````\ns = '````'\n`````\n\n" in message["content"]


def test_ten_choices_are_lettered_to_j() -> None:
    question = QUESTION.model_copy(update={"choices": tuple("0123456789")})
    (message,) = TEMPLATES["letter-1"](question)
    assert "\nI. 8\nJ. 9\n\n" in message["content"]


def test_reasoned_1_names_the_parts_in_their_order() -> None:
    (message,) = TEMPLATES["reasoned-1"](QUESTION)
    asked = message["content"].rpartition("\n\n")[2]
    assert message["content"].startswith(TEMPLATES["letter-1"](QUESTION)[0]["content"][:50])
    places = [asked.index(part) for part in REASONED_PARTS]
    assert places == sorted(places)


def test_every_scoring_has_a_template_that_fits() -> None:
    for scoring, template in DEFAULT_TEMPLATE.items():
        assert SCORED_AFTER[template] == scoring
    for template in SCORED_AFTER:
        assert prompt_writer(template)(QUESTION, ())


SHOT = Question(id="s", stem="1 + 1?", choices=("2", "3"), answer="A")
ASKED = Question(id="a", stem="What does it print?", code="print(7)\n", choices=("7", "8", "9"))


def test_mmlu_1_is_one_text_that_ends_where_the_letter_comes() -> None:
    assert prompt_writer("mmlu-1")(ASKED, [SHOT]) == Completion(
        "The following are multiple choice questions (with answers).\n\n"
        "1 + 1?\nA. 2\nB. 3\nAnswer: A\n\n"
        "What does it print?\nprint(7)\nA. 7\nB. 8\nC. 9\nAnswer:",
        before_reply=" ",
    )


def test_shots_are_past_turns_answered_as_the_template_wants() -> None:
    by_letter = prompt_writer("letter-1")(ASKED, [SHOT])
    asked = TEMPLATES["letter-1"]
    assert by_letter == [*asked(SHOT), {"role": "assistant", "content": "A"}, *asked(ASKED)]
    by_text = prompt_writer("code-1")(ASKED, [SHOT])
    assert isinstance(by_text, list)
    assert by_text[1] == {"role": "assistant", "content": "2"}


@pytest.mark.parametrize("template", ["code-1", "letter-1", "mmlu-1"])
def test_a_shot_that_does_not_know_its_answer_is_refused(template: str) -> None:
    nameless = SHOT.model_copy(update={"answer": None})
    with pytest.raises(ValueError, match="question s does not know its answer"):
        prompt_writer(template)(ASKED, [nameless])


def test_explain_1_asks_for_yaml_with_every_choice() -> None:
    (message,) = TEMPLATES["explain-1"](QUESTION)
    assert message["content"] == (
        "What does this code print?\n\n```\na = 1\nprint(a)\n```\n\nA. 1\nB. 2\n\n"
        "Explain which choice is right. Reply with nothing but YAML, with five keys in this"
        " order:\n\n"
        "- understanding: what is asked\n"
        "- analysis: for each of A, B, whether it is right and why\n"
        "- reasoning: what leads to the answer, step by step\n"
        "- conclusion: the result, in one sentence\n"
        "- answer: the letter alone\n\n"
        'Start your reply with "understanding:".'
    )
