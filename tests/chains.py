"""Tiny checkpoints whose replies are known: each token is followed by the one that is set.

Attention and MLP are zero, so that the last token's embedding alone decides what comes next,
and the head is set to that: a real checkpoint that a real decoding reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contracts.files import write_atomically
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts, ScoringMethod
from mcq.checkpoint import checkpoint_digest
from mcq.prompts import DEFAULT_TEMPLATE
from tests.checkpoints import tiny_tokenizer

END: Final = "<|im_end|>"


def make_chain_checkpoint(
    folder: Path,
    follows: Mapping[str | int, str | int],
    *,
    scoring: ScoringMethod = "letter",
    context_tokens: int = 2_048,
) -> str:
    """``follows[a]`` is written after ``a``: single ASCII characters, ``END``, or token ids; what
    follows any other is not told. A chat's reply begins after a line break. Returns the digest."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = tiny_tokenizer()
    width = 128  # wide enough for 259 random directions to be told apart
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=context_tokens,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Qwen2ForCausalLM(config)
        directions = torch.nn.functional.normalize(torch.randn(len(tokenizer), width), dim=1)
    head = torch.zeros(len(tokenizer), width)
    for before, after in follows.items():
        source, target = (
            one if isinstance(one, int) else tokenizer(one)["input_ids"][0]
            for one in (before, after)
        )
        head[target] += directions[source]
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "o_proj" in name or "down_proj" in name:
                weights.zero_()
        model.get_input_embeddings().weight.copy_(directions)
        model.get_output_embeddings().weight.copy_(head)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    facts = CheckpointFacts(profile="chain", scoring=scoring, template=DEFAULT_TEMPLATE[scoring])
    write_atomically(folder / CHECKPOINT_FACTS_FILE, facts.model_dump_json(indent=2) + "\n")
    return checkpoint_digest(folder)
