"""Architectures with rules of their own are read as they read themselves, one row at a time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers

from mcq.model import PLAIN_POSITIONS, LanguageModel
from mcq.steering import frequencies_by_length, obstacle
from mcq.tokens import Row
from tests.checkpoints import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
CONTEXT = 256
WINDOW = 24
BOUNDARY = 32
SIZES = {
    "vocab_size": len(TOKENIZER),
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "bos_token_id": None,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
NEO = {
    "vocab_size": len(TOKENIZER),
    "hidden_size": 32,
    "num_layers": 2,
    "num_heads": 4,
    "max_position_embeddings": CONTEXT,
    "window_size": WINDOW,
    "attention_types": [[["global", "local"], 1]],
    "bos_token_id": None,
    "eos_token_id": 2,
}
LONG = {
    "rope_type": "longrope",
    "rope_theta": 10_000.0,
    "short_factor": [1.0] * 4,
    "long_factor": [4.0] * 4,
}
# Configuration, what is changed in it, and what the log must say; None where rows are shared.
ARCHITECTURES: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "qwen2": ("Qwen2Config", SIZES, None),
    "qwen3": ("Qwen3Config", {**SIZES, "head_dim": 8}, None),
    "llama": ("LlamaConfig", SIZES, None),
    "mistral": ("MistralConfig", {**SIZES, "sliding_window": None}, None),
    "mistral, wide window": ("MistralConfig", {**SIZES, "sliding_window": CONTEXT}, None),
    "llama, dynamic": (
        "LlamaConfig",
        {**SIZES, "rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0}},
        None,
    ),
    "mistral, window": (
        "MistralConfig",
        {**SIZES, "sliding_window": WINDOW},
        "its attention sees 24 tokens of 256",
    ),
    "phi3, window": (
        "Phi3Config",
        {**SIZES, "sliding_window": WINDOW},
        "its attention sees 24 tokens of 256",
    ),
    "starcoder2, window": (
        "Starcoder2Config",
        {**SIZES, "sliding_window": WINDOW},
        "its attention sees 24 tokens of 256",
    ),
    "gpt-neo": ("GPTNeoConfig", NEO, "it has layers of local attention"),
    "phi3, longrope": (
        "Phi3Config",
        {**SIZES, "original_max_position_embeddings": BOUNDARY, "rope_parameters": LONG},
        "its positions change with a sequence's length",
    ),
    "gemma2": (
        "Gemma2Config",
        {**SIZES, "head_dim": 8, "final_logit_softcapping": 2.0},
        "it has layers of sliding_attention",
    ),
    "granite": ("GraniteConfig", {**SIZES, "logits_scaling": 4.0}, "its numbers would differ by"),
    "cohere": ("CohereConfig", {**SIZES, "logit_scale": 0.1}, "its numbers would differ by"),
}


def random_model(config: str, sizes: dict[str, Any]) -> Any:
    """With weights so wide that a token more or less in sight changes every number."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.AutoModelForCausalLM.from_config(
            getattr(transformers, config)(**sizes)
        )
        with torch.no_grad():
            for weights in model.parameters():
                if weights.dim() > 1:
                    weights.normal_(0, 0.3)
    return model.eval()


def made_up() -> tuple[list[int], list[list[Row]]]:
    """A prefix shorter than window and boundary, and questions that end beyond both, one
    within them; four rows each."""
    draw = torch.Generator().manual_seed(1)

    def ids(count: int) -> list[int]:
        found: list[int] = torch.randint(3, len(TOKENIZER), (count,), generator=draw).tolist()
        return found

    prefix = ids(12)
    return prefix, [
        [Row(prefix + stem + ids(5), ids(replies)) for replies in (1, 4, 2, 4)]
        for stem in (ids(2), ids(17), ids(40))
    ]


@torch.inference_mode()
def alone(model: Any, row: Row) -> tuple[list[float], float]:
    """By the model's own logits of one whole row: after the prompt, and of the reply."""
    logits = model(input_ids=torch.tensor([row.prompt + row.reply]), use_cache=False).logits
    after = model(input_ids=torch.tensor([row.prompt]), use_cache=False).logits
    spread = logits[0].double().log_softmax(-1)
    start = len(row.prompt) - 1
    reply = sum(float(spread[start + place, token]) for place, token in enumerate(row.reply))
    return after[0, -1].double().log_softmax(-1)[:10].tolist(), reply


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_numbers_are_those_of_the_model_alone(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    config, sizes, reason = ARCHITECTURES[name]
    model = random_model(config, sizes)
    ours = LanguageModel(model, TOKENIZER, CONTEXT)
    assert ours.shares == (reason is None)
    assert (reason or "") in caplog.text
    prefix, asked = made_up()
    given = prefix if ours.shares else ()
    expected = [alone(model, row) for rows in asked for row in rows]
    after = ours.next_log_probabilities(asked, range(10), given)
    replies = ours.reply_log_likelihoods(asked, given)
    for mine, (theirs, _) in zip(after, expected, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)
    assert replies == pytest.approx([reply for _, reply in expected], abs=1e-4)


def test_rows_read_alone_come_in_many_passes_and_in_order() -> None:
    """More rows than one pass may hold."""
    config, sizes, _ = ARCHITECTURES["granite"]
    model = random_model(config, sizes)
    ours = LanguageModel(model, TOKENIZER, CONTEXT)
    _, asked = made_up()
    many = asked * (1 + PLAIN_POSITIONS // sum(len(rows) for rows in asked))
    once = ours.reply_log_likelihoods(asked)
    passes: list[int] = []
    hook = model.register_forward_hook(lambda *_: passes.append(1))
    try:
        found = ours.reply_log_likelihoods(many)
    finally:
        hook.remove()
    assert len(passes) > 1
    assert found == pytest.approx(once * (len(many) // len(asked)), abs=1e-5)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ""),
        ({"sliding_window": None}, ""),
        ({"sliding_window": 256}, ""),
        ({"sliding_window": 16, "use_sliding_window": False}, ""),
        ({"sliding_window": 16, "layer_types": ["full_attention"]}, ""),
        ({"sliding_window": 16}, "its attention sees 16 tokens of 256"),
        ({"layer_types": ["full_attention", "linear_attention"]}, "layers of linear_attention"),
        ({"attention_layers": ["global"]}, ""),
        ({"rope_parameters": {"rope_type": "yarn"}}, ""),
        ({"rope_parameters": {"full_attention": {"rope_type": "longrope"}}}, "positions change"),
    ],
)
def test_what_a_configuration_tells(config: dict[str, Any], expected: str) -> None:
    found = obstacle(SimpleNamespace(**config), CONTEXT)
    assert expected in found
    assert bool(found) == bool(expected)


def test_frequencies_by_length_are_known_by_their_old_name_too() -> None:
    assert frequencies_by_length(SimpleNamespace(rope_parameters={"rope_type": "su"}))
    assert not frequencies_by_length(SimpleNamespace(rope_parameters=None))
