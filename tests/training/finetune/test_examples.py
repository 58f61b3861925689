from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import BadInput
from contracts.questions import Question
from mcq.model import load_tokenizer
from mcq.prompts import TEMPLATES, prompt_writer
from mcq.scoring.letter import letter_tokens
from mcq.tokens import prompt_text
from training.batches import IGNORED, collate
from training.finetune.examples import Conversation, encode_conversations

LETTER = TEMPLATES["letter-1"]


@pytest.fixture
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(tiny_base)


def asked(question: Question, reply: str) -> Conversation:
    return Conversation(question.id, LETTER(question), reply)


@pytest.mark.parametrize("reply", ["B", "several words\nin two lines", "<|im_end|> said early"])
def test_the_loss_is_on_the_reply_and_its_end_of_turn_alone(
    tokenizer: Any, bank: list[Question], reply: str
) -> None:
    (example,) = encode_conversations([asked(bank[0], reply)], tokenizer, 2_000)
    assert tokenizer.decode(example.prompt) == prompt_text(tokenizer, LETTER(bank[0]))
    assert tokenizer.decode(example.reply) == reply + "<|im_end|>"
    _, targets = collate([example], 0)
    wanted = targets[0] != IGNORED
    assert tokenizer.decode(targets[0][wanted].tolist()) == reply + "<|im_end|>"
    assert int(wanted.sum()) == len(example.reply)
    assert bool(wanted[-len(example.reply) :].all()), "nothing before the reply"


def test_the_letter_that_is_learned_is_the_token_that_is_scored(
    tokenizer: Any, bank: list[Question]
) -> None:
    scored = letter_tokens(tokenizer, prompt_writer("letter-1"))
    for place, letter in enumerate("ABCD"):
        (example,) = encode_conversations([asked(bank[0], letter)], tokenizer, 2_000)
        assert example.reply == [*scored.lead, scored.letters[place], tokenizer.eos_token_id]


def test_a_prompt_that_is_not_the_beginning_of_the_whole_is_refused(
    tokenizer: Any, bank: list[Question]
) -> None:
    """A template that writes the last turn otherwise than it announced it."""
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['content'] }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>{% endif %}"
    )
    with pytest.raises(BadInput, match=rf"{bank[0].id}: its prompt's tokens are not the begin"):
        encode_conversations([asked(bank[0], "B")], tokenizer, 2_000)


def test_a_template_without_an_end_of_turn_is_refused(tokenizer: Any, bank: list[Question]) -> None:
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['role'] }}:{{ m['content'] }}\n{% endfor %}"
        "{% if add_generation_prompt %}assistant:{% endif %}"
    )
    with pytest.raises(BadInput, match="does not end a reply"):
        encode_conversations([asked(bank[0], "B")], tokenizer, 2_000)


def test_what_is_too_long_is_refused_by_the_question(tokenizer: Any, bank: list[Question]) -> None:
    (example,) = encode_conversations([asked(bank[0], "B")], tokenizer, 2_000)
    talk = [asked(bank[0], "B")]
    assert encode_conversations(talk, tokenizer, example.length) == [example]
    with pytest.raises(BadInput, match=rf"{bank[0].id} has {example.length} tokens") as caught:
        encode_conversations(talk, tokenizer, example.length - 1)
    assert "finetune.batch_tokens" in caught.value.mend


def test_nothing_is_no_examples(tokenizer: Any) -> None:
    assert encode_conversations([], tokenizer, 2_000) == []
