"""The prompt's text is the chat template's, with nothing added and thought turned off."""

from __future__ import annotations

from mcq.tokens import prompt_text, reply_start, token_ids
from tests.checkpoints import CHATML, tiny_tokenizer

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
