from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import BadInput, BadRow
from contracts.questions import Question
from tests.training.finetune.making import reply_to, tiny, tuning, write_replies
from training.finetune.lessons import conversations
from training.finetune.replies import answer_text, read_replies, reasoned_text


def known(bank: list[Question]) -> dict[str, Question]:
    return {question.id: question for question in bank}


def test_the_answer_is_a_letter_or_a_text(bank: list[Question]) -> None:
    question = bank[1]
    assert answer_text(question, "letter") == question.answer == "B"
    assert answer_text(question, "text") == question.choices[1]
    with pytest.raises(BadInput, match=f"{question.id} has no answer"):
        answer_text(question.model_copy(update={"answer": None}), "letter")


def test_a_reasoned_reply_is_written_in_parts_that_end_in_the_answer(bank: list[Question]) -> None:
    question = bank[0].model_copy(update={"choices": ("1", "2"), "answer": "A"})
    reply = reply_to(question, analysis={"B": "No.", "A": "Yes."})
    assert reasoned_text(reply) == (
        "Understanding: What is printed.\n"
        "Analysis:\n"
        "  A: Yes.\n"
        "  B: No.\n"
        "Reasoning: Line by line.\n"
        "Conclusion: So it is that one.\n"
        "Answer: A"
    )


def test_replies_are_read_in_the_files_order(bank: list[Question], tmp_path: Path) -> None:
    replies = [reply_to(question) for question in (bank[3], bank[1])]
    path = write_replies(tmp_path / "r.jsonl", replies)
    path.write_text("\n" + path.read_text())
    assert list(read_replies(path, known(bank)).values()) == replies


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": "q-of-another-bank"}, "q-of-another-bank is in neither the training nor"),
        ({"answer": "B"}, "the answer is B, and the right one A"),
        ({"analysis": {"A": "x", "B": "y"}}, "of the choices AB, and there are ABCD"),
    ],
)
def test_a_row_that_does_not_fit_its_question_is_refused_by_its_line(
    bank: list[Question], tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    rows = [reply_to(bank[1]), reply_to(bank[0], **changes)]
    path = write_replies(tmp_path / "r.jsonl", rows)
    with pytest.raises(BadRow, match=reason) as caught:
        read_replies(path, known(bank))
    assert (caught.value.path, caught.value.line) == (path, 2)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (("Line by line.", "  "), "reasoning: .*at least 1 character"),
        (('"reasoning"', '"thoughts"'), "reasoning: Field required"),
        (('"answer":"A"', '"answer":"K"'), "answer: Input should be 'A'"),
        (('"A":"It', '"E":"It'), "says nothing of the answer A"),
        (("}", ""), "Invalid JSON"),
    ],
)
def test_a_row_that_is_no_reply_is_refused_by_its_line(
    bank: list[Question], tmp_path: Path, broken: tuple[str, str], reason: str
) -> None:
    path = write_replies(tmp_path / "r.jsonl", [reply_to(bank[1]), reply_to(bank[0])])
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{second.replace(*broken)}\n")
    with pytest.raises(BadRow, match=reason) as caught:
        read_replies(path, known(bank))
    assert caught.value.line == 2


def test_a_second_reply_to_one_question_is_refused(bank: list[Question], tmp_path: Path) -> None:
    path = write_replies(tmp_path / "r.jsonl", [reply_to(bank[1])] * 2)
    with pytest.raises(BadRow, match=f":2: a second reply to question {bank[1].id}"):
        read_replies(path, known(bank))


@pytest.mark.parametrize("content", [None, "\n"])
def test_no_file_and_an_empty_one_are_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "r.jsonl").write_text(content)
    with pytest.raises(BadInput, match=r"no such file|holds no reply"):
        read_replies(tmp_path / "r.jsonl", {})


# ---------------------------------------------------------------- which questions are learned


def test_answers_are_drawn_by_the_seed_and_bounded(tiny_base: Path, bank: list[Question]) -> None:
    params = tuning(max_questions=10, validation_questions=3)
    first, held = conversations(bank[:40], bank[40:], params, tiny(tiny_base), seed=1)
    assert (len(first), len(held)) == (10, 3)
    assert {talk.question for talk in held} <= {question.id for question in bank[40:]}
    assert conversations(bank[:40], bank[40:], params, tiny(tiny_base), seed=1) == (first, held)
    assert conversations(bank[:40], bank[40:], params, tiny(tiny_base), seed=2)[0] != first


def test_a_reasoned_question_is_learned_by_its_answer_too(
    tiny_base: Path, bank: list[Question], tmp_path: Path
) -> None:
    path = write_replies(tmp_path / "r.jsonl", [reply_to(bank[0]), reply_to(bank[50])])
    params = tuning(replies="reasoned", replies_file=str(path))
    learned, held = conversations(bank[:48], bank[48:], params, tiny(tiny_base), seed=1)
    assert [talk.question for talk in learned] == [bank[0].id] * 2
    assert learned[0].reply == bank[0].answer
    assert learned[1].reply == reasoned_text(reply_to(bank[0]))
    assert "five parts" in learned[1].messages[0]["content"]
    assert [talk.question for talk in held] == [bank[50].id] * 2


def test_without_questions_to_stop_by_patience_is_refused(
    tiny_base: Path, bank: list[Question], tmp_path: Path
) -> None:
    path = write_replies(tmp_path / "r.jsonl", [reply_to(bank[0])])
    params = tuning(replies="reasoned", replies_file=str(path), patience=2)
    with pytest.raises(BadInput, match="no validation question") as caught:
        conversations(bank[:48], bank[48:], params, tiny(tiny_base), seed=1)
    assert "finetune.patience" in caught.value.mend
    only_held = write_replies(tmp_path / "v.jsonl", [reply_to(bank[50])])
    params = tuning(replies="reasoned", replies_file=str(only_held))
    with pytest.raises(BadInput, match="no training question"):
        conversations(bank[:48], bank[48:], params, tiny(tiny_base), seed=1)
