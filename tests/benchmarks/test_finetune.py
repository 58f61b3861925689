from __future__ import annotations

import pytest
from transformers import Qwen2Config, Qwen2ForCausalLM

from benchmarks.finetune import LORA, examples, flops_a_token, packing_ratio
from training.finetune.adapters import with_adapters


@pytest.fixture
def model() -> Qwen2ForCausalLM:
    config = Qwen2Config(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    return Qwen2ForCausalLM(config)


def test_the_work_of_a_token_is_the_papers_formula_without_embeddings(
    model: Qwen2ForCausalLM,
) -> None:
    weights = sum(p.numel() for p in model.parameters()) - 50 * 32
    attention = 12 * 3 * 32 * 100
    assert flops_a_token(model, 100) == 6 * weights + attention
    adapted = with_adapters(model, LORA, seed=1).get_base_model()
    trained = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    assert trained > 0
    assert flops_a_token(adapted, 100) == 4 * weights + 6 * trained + attention


def test_the_examples_fill_their_rows() -> None:
    learned = examples(2_000, 100, seed=1)
    assert {len(one.reply) for one in learned} == {2}
    assert 0.95 < packing_ratio(learned, 4_096) <= 1.0
