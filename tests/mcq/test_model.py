"""A model is read as it was saved, whole or in shards, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import pre_tokenizers

from contracts.errors import CheckpointInvalid
from contracts.questions import Question
from mcq.checkpoint import WEIGHTS, WEIGHTS_INDEX, weight_files
from mcq.model import LanguageModel, load_tokenizer
from mcq.scorer import Scorer
from tests.checkpoints import make_tiny_base, make_tiny_checkpoint, tiny_tokenizer

QUESTION = Question(id="q", stem="Which?", choices=("a", "b", "c"))


def test_a_context_of_unknown_length_is_refused(tmp_path: Path) -> None:
    make_tiny_base(tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    # Mamba reads sequences of any length, and says so by naming none.
    path.write_text(
        json.dumps(
            {
                "architectures": ["MambaForCausalLM"],
                "model_type": "mamba",
                "hidden_size": 16,
                "num_hidden_layers": 1,
                "vocab_size": config["vocab_size"],
            }
        )
    )
    with pytest.raises(CheckpointInvalid, match="how long its context is"):
        LanguageModel.load(tmp_path)


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
