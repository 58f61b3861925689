"""A model is read as it was saved, whole or in shards, or refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from tokenizers import pre_tokenizers
from transformers import MambaConfig, MambaForCausalLM

from contracts.questions import Question
from mcq.checkpoint import WEIGHTS, WEIGHTS_INDEX, weight_files
from mcq.model import LanguageModel, load_tokenizer, usable_precision
from mcq.scorer import Scorer
from mcq.steering import UNLIMITED
from mcq.tokens import Row
from tests.checkpoints import make_tiny_base, make_tiny_checkpoint, tiny_tokenizer

QUESTION = Question(id="q", stem="Which?", choices=("a", "b", "c"))


def test_a_context_without_a_length_has_no_limit(tmp_path: Path) -> None:
    """Mamba reads sequences of any length, and says so by naming none."""
    tokenizer = tiny_tokenizer()
    MambaForCausalLM(
        MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1)
    ).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model = LanguageModel.load(tmp_path)
    assert model.context_tokens == UNLIMITED
    (nats,) = model.next_log_probabilities([[Row([5] * 700, [])]], range(len(tokenizer)))
    assert math.fsum(math.exp(one) for one in nats) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("said", ["avx512_bf16", "amx_bf16", "bf16"])
def test_a_cpu_with_units_for_bf16_is_known_by_its_maker_s_name(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """x86's two, and ARM's."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {said: True, "neon": True})
    assert usable_precision("bf16", "cpu") == "bf16"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {said: False, "neon": True})
    assert usable_precision("bf16", "cpu") == "fp32"


def test_a_tokenizer_keeps_its_own_pre_tokenizer(tmp_path: Path) -> None:
    """transformers' class for Qwen2 would put its own there: "  1" would be other tokens."""
    tokenizer = tiny_tokenizer()
    own = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(use_regex=False)]
    )
    tokenizer.backend_tokenizer.pre_tokenizer = own
    make_tiny_base(tmp_path, tokenizer=tokenizer)
    loaded = load_tokenizer(tmp_path)
    text = "x =  12\n\n    return 'e\u0301 é'\n"
    assert loaded(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert loaded.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()


def test_shards_score_as_the_whole_does(tmp_path: Path) -> None:
    make_tiny_checkpoint(tmp_path / "whole")
    make_tiny_checkpoint(tmp_path / "shards", shard_size="30KB")
    names = weight_files(tmp_path / "shards")
    assert len(names) > 2
    assert names[-1] == WEIGHTS_INDEX
    assert weight_files(tmp_path / "whole") == (WEIGHTS,)
    (one,) = Scorer.load(tmp_path / "whole").score([QUESTION])
    (other,) = Scorer.load(tmp_path / "shards").score([QUESTION])
    assert one == other
