from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import BadInput
from contracts.questions import Question
from mcq.prompts import prompt_writer
from mcq.scoring.text import TextScoring
from training.batches import IGNORED, WINDOW_BATCHES, Example, batch_order, collate, encode
from training.scratch import END, build_tokenizer

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=60)
TOKENS = st.lists(st.integers(1, 99), min_size=1, max_size=12)


def test_a_question_without_an_answer_is_refused_by_its_id() -> None:
    question = Question(id="q-7", stem="What?", choices=("a", "b"))
    with pytest.raises(BadInput, match="question q-7 has no answer"):
        encode([question], build_tokenizer([question], 300), "code-1", 64)


def test_a_question_longer_than_the_context_is_refused_by_its_id(bank: list[Question]) -> None:
    tokenizer = build_tokenizer(bank, 300)
    (example,) = encode(bank[:1], tokenizer, "code-1", 512)
    assert encode(bank[:1], tokenizer, "code-1", example.length) == [example]
    with pytest.raises(BadInput, match=rf"{bank[0].id} has {example.length} tokens") as caught:
        encode(bank[:1], tokenizer, "code-1", example.length - 1)
    assert "context_tokens" in caught.value.mend


def test_an_unknown_template_is_refused(bank: list[Question]) -> None:
    with pytest.raises(BadInput, match="no template 'code-9'; known: code-1"):
        encode(bank[:1], build_tokenizer(bank, 300), "code-9", 512)


def test_no_questions_are_no_examples_and_have_no_order(bank: list[Question]) -> None:
    assert encode([], build_tokenizer(bank, 300), "code-1", 512) == []
    with pytest.raises(ValueError, match="nothing to put in order"):
        next(batch_order([], 4, 1))


def test_an_example_is_the_prompt_and_the_right_choice(bank: list[Question]) -> None:
    tokenizer = build_tokenizer(bank, 300)
    for question, example in zip(bank, encode(bank, tokenizer, "code-1", 512), strict=True):
        assert question.gold is not None
        assert tokenizer.decode(example.reply) == question.choices[question.gold] + END
        text = tokenizer.decode(example.prompt)
        assert text.endswith(f"{question.code}{END}\n<|im_start|>assistant\n")


def test_what_is_scored_is_what_was_learned(bank: list[Question]) -> None:
    """Here prompt and reply are encoded apart, there as one: the last token of the prompt is a
    word of the vocabulary that no reply can change."""
    tokenizer = build_tokenizer(bank, 300)
    odd = {
        "choices": ("  two spaces", "\n\nlines", "\ta", "}"),
        "misconceptions": (),
        "proof": None,
    }
    asked = [*bank[:20], *(bank[0].model_copy(update={**odd, "answer": one}) for one in "ABCD")]
    for question, rows in zip(
        asked,
        TextScoring(tokenizer, prompt_writer("code-1")).encode(asked, (), "single"),
        strict=True,
    ):
        (example,) = encode([question], tokenizer, "code-1", 512)
        assert question.gold is not None
        row = rows.rows[question.gold]
        assert (row.prompt, row.reply) == (example.prompt, example.reply)


@given(LENGTHS, st.integers(1, 9), st.integers(0, 5))
@settings(deadline=None)
def test_every_index_comes_once_an_epoch(lengths: list[int], size: int, seed: int) -> None:
    """Windows cut the epochs' sequence: after any whole window no index is ahead by two."""
    order = batch_order(lengths, size, seed)
    seen: Counter[int] = Counter(dict.fromkeys(range(len(lengths)), 0))
    taken = 0
    for _ in range(4):
        window = list(islice(order, WINDOW_BATCHES))
        assert all(len(batch) == size for batch in window)
        seen.update(place for batch in window for place in batch)
        taken += size * WINDOW_BATCHES
        full, rest = divmod(taken, len(lengths))
        assert set(seen) == set(range(len(lengths)))
        assert sorted(seen.values()) == sorted([full + 1] * rest + [full] * (len(lengths) - rest))


@given(LENGTHS, st.integers(1, 9), st.integers(0, 5), st.integers(0, 40))
@settings(deadline=None)
def test_the_order_is_a_function_of_the_seed_and_can_be_entered_anywhere(
    lengths: list[int], size: int, seed: int, start: int
) -> None:
    whole = list(islice(batch_order(lengths, size, seed), start + 20))
    assert list(islice(batch_order(lengths, size, seed), start, start + 20)) == whole[start:]


def test_another_seed_is_another_order() -> None:
    orders = [list(islice(batch_order(range(1, 65), 8, seed), 8)) for seed in (1, 2)]
    assert orders[0] != orders[1]


def test_neighbours_in_length_share_a_batch() -> None:
    """One window over everything: lengths within a batch are consecutive."""
    size = 4
    lengths = [place * 7 % 64 for place in range(size * WINDOW_BATCHES)]
    for batch in islice(batch_order(lengths, size, 3), WINDOW_BATCHES):
        ours = [lengths[place] for place in batch]
        assert max(ours) - min(ours) == size - 1


@given(st.lists(st.builds(Example, TOKENS, TOKENS), min_size=1, max_size=8))
@settings(deadline=None)
def test_collate_is_the_textbook_loop(examples: list[Example]) -> None:
    """At each place the model sees a token and is asked for the next, if that is the reply's."""
    pad = 0
    tokens, targets = collate(examples, pad)
    longest = max(example.length for example in examples) - 1
    assert tokens.shape == targets.shape == (len(examples), longest)
    for row, example in enumerate(examples):
        ids = example.prompt + example.reply
        for place in range(longest):
            has_next = place + 1 < len(ids)
            asked = has_next and place + 1 >= len(example.prompt)
            assert int(tokens[row, place]) == (ids[place] if has_next else pad)
            assert int(targets[row, place]) == (ids[place + 1] if asked else IGNORED)
