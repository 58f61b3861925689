from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from contracts.errors import BadInput
from contracts.models import CheckpointFacts
from contracts.params import LoraParams
from mcq.model import load_tokenizer, load_weights
from training.checkpoint import save_model
from training.finetune.adapters import adaptable, merged, with_adapters

EVERY = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
TOKENS = torch.tensor([[5, 9, 200, 31, 77, 5, 6]])


def lora(*targets: str) -> LoraParams:
    return LoraParams(rank=4, alpha=8, dropout=0.1, targets=targets)


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.eval()(input_ids=TOKENS).logits
    return found


def test_targets_that_the_base_does_not_have_are_refused_with_what_it_has(tiny_base: Path) -> None:
    model = load_weights(tiny_base)
    with pytest.raises(BadInput, match="no c_attn, lm_head to adapt; it has q_proj") as caught:
        with_adapters(model, lora("c_attn", "q_proj", "lm_head"), seed=1)
    assert all(name in caught.value.fact for name in EVERY)
    assert "lora_A" not in str(model), "nothing was touched"


def test_a_head_of_its_own_can_be_adapted(tiny_base: Path) -> None:
    model = load_weights(tiny_base)
    assert adaptable(model) == list(EVERY)
    model.config.tie_word_embeddings = False
    assert adaptable(model) == [*EVERY, "lm_head"]


def test_adapters_begin_as_the_base_by_their_seed(tiny_base: Path) -> None:
    before = logits(load_weights(tiny_base))
    adapted = [with_adapters(load_weights(tiny_base), lora(*EVERY), seed) for seed in (1, 1, 2)]
    assert torch.equal(logits(adapted[0]), before)
    starts = [
        torch.cat([p.flatten() for p in one.parameters() if p.requires_grad]) for one in adapted
    ]
    assert torch.equal(starts[0], starts[1])
    assert not torch.equal(starts[0], starts[2])


def test_merged_into_plain_weights_it_answers_as_with_adapters(
    tiny_base: Path, tmp_path: Path
) -> None:
    adapted = with_adapters(load_weights(tiny_base), lora(*EVERY), seed=1)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.normal_(0.0, 0.05)
    wanted = logits(adapted)
    assert float((wanted - logits(load_weights(tiny_base))).abs().max()) > 0.1

    facts = CheckpointFacts(profile="tiny", scoring="letter", template="letter-1")
    tmp_path.joinpath("plain").mkdir()
    save_model(tmp_path / "plain", merged(adapted), load_tokenizer(tiny_base), facts)
    names = {path.name for path in (tmp_path / "plain").iterdir()}
    assert {"model.safetensors", "tokenizer.json", "proctor.json", "config.json"} <= names
    assert not any("adapter" in name for name in names)
    plain = load_weights(tmp_path / "plain")
    torch.testing.assert_close(logits(plain), wanted, atol=1e-5, rtol=0)
    assert plain.lm_head.weight is plain.model.embed_tokens.weight
    assert torch.equal(plain.lm_head.weight, load_weights(tiny_base).lm_head.weight), (
        "what is tied was not adapted"
    )
    shutil.rmtree(tmp_path / "plain")
