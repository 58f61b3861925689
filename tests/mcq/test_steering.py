"""Architectures with rules of their own are read as they read themselves, one row at a time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from transformers.modeling_outputs import CausalLMOutput

from mcq.model import DTYPES, PLAIN_POSITIONS, LanguageModel, Precision
from mcq.steering import UNLIMITED, context_length, frequencies_by_length, obstacle
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
ALIBI = {"vocab_size": len(TOKENIZER), "hidden_size": 32, "n_layers": 2, "n_heads": 4}
STATES = {
    "vocab_size": len(TOKENIZER),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "state_size": 8,
    "pad_token_id": 0,
    "eos_token_id": 2,
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
    # Whose context goes by another name, or has no length.
    "bloom": ("BloomConfig", ALIBI | {"n_layer": 2, "n_head": 4}, "it takes no positions"),
    "mpt": ("MptConfig", ALIBI | {"d_model": 32, "max_seq_len": CONTEXT}, "it takes no positions"),
    "mamba": ("MambaConfig", STATES, "it has layers of linear_attention"),
    "mamba2": (
        "Mamba2Config",
        STATES | {"num_heads": 4, "head_dim": 16, "n_groups": 1, "chunk_size": 16},
        "it has layers of linear_attention",
    ),
    "falcon-mamba": ("FalconMambaConfig", STATES, "it has layers of linear_attention"),
    "granite": ("GraniteConfig", {**SIZES, "logits_scaling": 4.0}, "not what its head gives"),
    "cohere": ("CohereConfig", {**SIZES, "logit_scale": 0.1}, "not what its head gives"),
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
    ours = LanguageModel(model, TOKENIZER, context_length(model.config.get_text_config()))
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


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    ("config", "sizes"),
    [
        ("GraniteConfig", {**SIZES, "logits_scaling": 1.01}),
        ("CohereConfig", {**SIZES, "logit_scale": 0.99}),
        ("Gemma2Config", {**SIZES, "head_dim": 8, "layer_types": ["full_attention"] * 2}),
    ],
)
def test_what_is_done_to_logits_is_seen_however_little_it_is(
    config: str, sizes: dict[str, Any], precision: Precision, caplog: pytest.LogCaptureFixture
) -> None:
    """Less than bf16 rounds on a made-up question; more on another."""
    model = random_model(config, sizes).to(DTYPES[precision])
    assert not LanguageModel(model, TOKENIZER, CONTEXT, precision).shares
    assert "its logits are not what its head gives" in caplog.text


@pytest.mark.parametrize(
    ("config", "said", "length"),
    [
        ("LlamaConfig", {"max_position_embeddings": 77}, 77),
        ("GPT2Config", {"n_positions": 77}, 77),
        ("MptConfig", {"max_seq_len": 77}, 77),
        ("BloomConfig", {"seq_length": 77}, 77),
        ("BloomConfig", {}, UNLIMITED),
        ("MambaConfig", {}, UNLIMITED),
    ],
)
def test_a_context_goes_by_many_names(config: str, said: dict[str, int], length: int) -> None:
    assert context_length(getattr(transformers, config)(**said)) == length


class BlindToPadding(transformers.BloomForCausalLM):
    def forward(self, *, attention_mask: torch.Tensor, **given: Any) -> Any:
        return super().forward(attention_mask=torch.ones_like(attention_mask), **given)


def test_a_model_that_reads_padding_is_read_one_row_at_a_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = transformers.BloomConfig(**ALIBI, n_layer=2, n_head=4)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BlindToPadding(config).eval()
        for weights in model.parameters():
            torch.nn.init.normal_(weights, 0, 0.3)
    ours = LanguageModel(model, TOKENIZER, CONTEXT)
    assert "rows are read one at a time" in caplog.text
    _, asked = made_up()
    rows = [row for own in asked for row in own]
    plain = super(BlindToPadding, model).forward
    for mine, row in zip(ours.next_log_probabilities(asked, range(10)), rows, strict=True):
        with torch.inference_mode():
            logits = plain(input_ids=torch.tensor([row.prompt])).logits[0, -1]
        assert mine == pytest.approx(logits.log_softmax(-1)[:10].tolist(), abs=1e-4)


class ScaledBefore(transformers.LlamaForCausalLM):
    """As MiniCPM has it, the head's input scaled; by little."""

    def forward(self, *, logits_to_keep: int, position_ids: Any = None, **given: Any) -> Any:
        states = self.model(position_ids=position_ids, **given).last_hidden_state
        return CausalLMOutput(logits=self.lm_head(states[:, -logits_to_keep:] * 1.001))


def test_what_is_done_before_the_head_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    model = ScaledBefore(transformers.LlamaConfig(**SIZES))
    assert not LanguageModel(model, TOKENIZER, CONTEXT).shares
    assert "its head is not given what its decoder reads" in caplog.text


@pytest.mark.parametrize("config", ["Qwen2Config", "Qwen3Config", "LlamaConfig"])
def test_rounding_is_no_difference(config: str) -> None:
    model = random_model(config, SIZES).to(torch.bfloat16)
    assert LanguageModel(model, TOKENIZER, CONTEXT, "bf16").shares


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_branch_that_sees_its_neighbour_is_no_rounding(
    precision: Precision, caplog: pytest.LogCaptureFixture
) -> None:
    class Blind(LanguageModel):
        def _mask(self, branch_of: torch.Tensor, skipped: int) -> torch.Tensor:
            return super()._mask(branch_of.clamp(max=1), skipped)

    model = random_model("LlamaConfig", SIZES).to(DTYPES[precision])
    assert not Blind(model, TOKENIZER, CONTEXT, precision).shares
    assert "its numbers would differ by" in caplog.text
