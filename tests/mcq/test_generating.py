"""What is asked under the generate protocol."""

from __future__ import annotations

import pytest

from contracts.questions import Question
from mcq.generating import PROMPTINGS, codemmlu_text
from mcq.loaders.codemmlu import GAP, SUBJECTS
from tests.checkpoints import tiny_tokenizer

QUESTION = Question(id="q", stem="Which sorts?", choices=("a list", "a heap"), answer="A")


def test_the_general_prompt_is_codemmlus() -> None:
    assert codemmlu_text(QUESTION) == (
        "The following are multiple choice questions (with answers) about software"
        " development.\n\nQuestion: Which sorts?\n(A) a list\n(B) a heap\n\nAnswer: "
    )


@pytest.mark.parametrize(
    ("family", "said"),
    [
        ("code_completion", "Which solution below is the most likely completion"),
        ("code_repair", "Which solution below correctly identifies the bug"),
        ("defect_detection", "which behavior most likely to occur when execute it?"),
        ("dbms_sql", "about software development"),
        ("sums", "about software development"),
    ],
)
def test_a_subject_has_its_own_prompt(family: str, said: str) -> None:
    text = codemmlu_text(QUESTION.model_copy(update={"family": family, "code": "x = 1"}))
    assert said in text
    assert "Which sorts?\n\nx = 1\n" in text
    assert text.endswith("(A) a list\n(B) a heap\n\nAnswer: ")


def test_a_gap_is_asked_as_the_original_does() -> None:
    """The loader's own words for the gap are not CodeMMLU's, and are left out."""
    gap = QUESTION.model_copy(
        update={"family": "fill_in_the_middle", "stem": f"Sort it.\n\n{GAP}", "code": "____"}
    )
    text = codemmlu_text(gap)
    assert GAP not in text
    assert "Problem statement: Sort it.\n\nIncomplete Solution:\n____\n\nQuestion:" in text
    assert "fill_in_the_middle" in SUBJECTS


def test_a_prompting_goes_through_the_chat_or_not() -> None:
    tokenizer = tiny_tokenizer()
    chat = PROMPTINGS["codemmlu-1"].prompt(tokenizer, QUESTION)
    plain = PROMPTINGS["codemmlu-plain-1"].prompt(tokenizer, QUESTION)
    assert plain == codemmlu_text(QUESTION)
    assert chat == f"<|im_start|>user\n{plain}<|im_end|>\n<|im_start|>assistant\n"


def test_only_codemmlus_prompts_are_compared_with_its_tables() -> None:
    published = {name for name, prompting in PROMPTINGS.items() if prompting.published}
    assert published == {"codemmlu-1", "codemmlu-plain-1"}
