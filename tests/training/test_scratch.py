from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from contracts.params import ScratchProfile
from contracts.questions import Question
from mcq.prompts import TEMPLATES
from tests.training.making import PROFILE, ROOT
from training.scratch import build_model, build_tokenizer

WORD = st.from_regex(r"[a-z]{1,8}|[0-9]{1,6}|\[[0-9], [0-9]\]|-[0-9]\.[0-9]|True", fullmatch=True)


@pytest.fixture(scope="module")
def tokenizer(bank: list[Question]) -> PreTrainedTokenizerFast:
    return build_tokenizer(bank, 400)


def test_the_same_questions_give_the_same_bytes(bank: list[Question], tmp_path: Path) -> None:
    for name in ("first", "second"):
        build_tokenizer(bank, 400).save_pretrained(tmp_path / name)
    files = {path.name for path in (tmp_path / "first").iterdir()}
    assert {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"} <= files
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def _occurs(part: list[int], whole: list[int]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole)))


@given(WORD, st.sampled_from(["print('{}')", 'x = "{}"', "f({})", "y = {}\nz = 1", " {}", "[{}]"]))
@settings(deadline=None, max_examples=60)
def test_a_value_is_the_same_tokens_inside_code_and_alone(
    tokenizer: PreTrainedTokenizerFast, word: str, frame: str
) -> None:
    """Or the model could not copy it: what the questions ask for."""
    alone, inside = (
        tokenizer(text, add_special_tokens=False)["input_ids"]
        for text in (word, frame.format(word))
    )
    assert _occurs(alone, inside)


@given(st.text(max_size=40).filter(lambda text: "<|" not in text))
@settings(deadline=None, max_examples=60)
def test_every_text_comes_back(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_the_chat_template_renders_chatml(tokenizer: PreTrainedTokenizerFast) -> None:
    question = Question(
        id="q", stem="What does this code print?", code="print(1)", choices=("1", "2")
    )
    text = tokenizer.apply_chat_template(
        TEMPLATES["code-1"](question), tokenize=False, add_generation_prompt=True
    )
    assert text == (
        "<|im_start|>user\nWhat does this code print?\n\nprint(1)<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    # What every prompt repeats is one token before the code and one after it.
    code = tokenizer("print(1)", add_special_tokens=False)["input_ids"]
    assert ids[1:-1] == code


def test_the_nano_profile_has_0_4_million_parameters(bank: list[Question]) -> None:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    profile = ScratchProfile.model_validate(raw["profiles"]["nano"])
    model = build_model(profile, build_tokenizer(bank, profile.vocabulary), seed=1)
    assert 0.35e6 < sum(parameter.numel() for parameter in model.parameters()) < 0.45e6
    assert model.config.model_type == "qwen2"
    assert model.config.max_position_embeddings == profile.context_tokens


def test_the_weights_are_a_function_of_the_seed(tokenizer: PreTrainedTokenizerFast) -> None:
    first, same, other = (build_model(PROFILE, tokenizer, seed).state_dict() for seed in (4, 4, 5))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
