"""The prompt's text is the chat template's, with nothing added and thought turned off."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcq.model import load_tokenizer
from mcq.prompts import Completion
from mcq.tokens import prompt_ids, prompt_text, reply_start, token_ids
from tests.checkpoints import CHATML, opening_tokenizer, tiny_tokenizer

ASKED = [{"role": "user", "content": "Which?"}]
BY_QWEN = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nBe Qwen.<|im_end|>\n{% endif %}"
)


def test_no_texts_are_no_ids() -> None:
    assert token_ids(tiny_tokenizer(), []) == []


def test_ids_are_of_the_text_as_it_stands() -> None:
    tokenizer = tiny_tokenizer()
    (ids,) = token_ids(tokenizer, ["<|im_start|>a b"])
    assert tokenizer.convert_ids_to_tokens(ids) == ["<|im_start|>", "a", "Ġ", "b"]


def test_the_prompt_ends_where_the_reply_begins() -> None:
    text = "<|im_start|>user\nWhich?<|im_end|>\n<|im_start|>assistant\n"
    assert prompt_text(tiny_tokenizer(), ASKED) == text


def test_a_system_message_of_the_checkpoints_own_template_stays() -> None:
    text = prompt_text(tiny_tokenizer(BY_QWEN + CHATML), ASKED)
    assert text.startswith("<|im_start|>system\nBe Qwen.<|im_end|>\n<|im_start|>user\nWhich?")


def test_thought_is_turned_off() -> None:
    template = CHATML + "{% if enable_thinking is false %}<think></think>{% endif %}"
    assert prompt_text(tiny_tokenizer(template), ASKED).endswith("assistant\n<think></think>")


def test_what_precedes_a_reply_is_what_the_template_writes() -> None:
    assert reply_start(tiny_tokenizer(), ASKED, "B") == "B"
    spaced = CHATML.replace("assistant\n{% endif %}", "assistant{% endif %}")
    assert reply_start(tiny_tokenizer(spaced), ASKED, "B") == "\nB"


# ------------------------------------------------------------ what a tokenizer puts first

PLAIN = Completion("What?\nAnswer:", before_reply=" ")


@pytest.mark.parametrize("template", ["<|endoftext|> $A", "<|endoftext|> $A <|im_end|>"])
def test_a_plain_prompt_begins_as_the_tokenizer_begins_a_text(
    tmp_path: Path, template: str
) -> None:
    """Llama, Mistral and Gemma put a token of beginning first, some an end last: a reply is to
    follow, so that the end is left out."""
    opening_tokenizer(template).save_pretrained(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    (ids,) = prompt_ids(tokenizer, [PLAIN])
    whole: list[int] = tokenizer(PLAIN.text)["input_ids"]
    assert ids == (whole[:-1] if template.endswith("<|im_end|>") else whole)
    assert ids[0] == tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert token_ids(tokenizer, [PLAIN.text]) == [ids[1:]]


def test_a_beginning_that_stands_in_the_text_is_not_doubled() -> None:
    tokenizer = opening_tokenizer("<|endoftext|> $A")
    written = Completion(f"<|endoftext|>{PLAIN.text}", PLAIN.before_reply)
    assert prompt_ids(tokenizer, [written]) == prompt_ids(tokenizer, [PLAIN])


def test_a_tokenizer_that_puts_nothing_first_begins_with_the_text() -> None:
    for tokenizer in (tiny_tokenizer(), opening_tokenizer("$A <|im_end|>")):
        assert prompt_ids(tokenizer, [PLAIN]) == token_ids(tokenizer, [PLAIN.text])


def test_a_conversation_begins_as_its_template_has_it() -> None:
    tokenizer = opening_tokenizer("<|endoftext|> $A")
    assert prompt_ids(tokenizer, [ASKED]) == prompt_ids(tiny_tokenizer(), [ASKED])
    assert prompt_ids(tokenizer, []) == []
