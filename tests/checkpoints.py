"""Tiny checkpoints with random weights: complete, loadable, and knowing nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from contracts.files import write_atomically
from contracts.models import CHECKPOINT_FACTS_FILE, CheckpointFacts, ScoringMethod
from mcq.checkpoint import checkpoint_digest
from mcq.prompts import DEFAULT_TEMPLATE

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

CHATML: Final = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# What one and the same size of model is called in each architecture.
_KINDS: Final = {
    "qwen2": ("Qwen2Config", "Qwen2ForCausalLM"),
    "qwen3": ("Qwen3Config", "Qwen3ForCausalLM"),
    "llama": ("LlamaConfig", "LlamaForCausalLM"),
}


def tiny_tokenizer(chat_template: str = CHATML) -> Any:
    """Byte-level: one token a byte, and three special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=259,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    raw.train_from_iterator([], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        eos_token="<|im_end|>",  # noqa: S106 - a word of the vocabulary
        pad_token="<|endoftext|>",  # noqa: S106
        additional_special_tokens=["<|im_start|>"],
    )
    tokenizer.chat_template = chat_template
    return tokenizer


def opening_tokenizer(template: str) -> Any:
    """As ``tiny_tokenizer``, with a post-processor that puts tokens around a text, as in
    ``<|endoftext|> $A``."""
    from tokenizers import processors

    tokenizer = tiny_tokenizer()
    special = [part for part in template.split() if part != "$A"]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=template,
        special_tokens=[(token, tokenizer.convert_tokens_to_ids(token)) for token in special],
    )
    return tokenizer


def make_tiny_base(
    folder: Path,
    *,
    seed: int = 0,
    context_tokens: int = 256,
    kind: str = "qwen2",
    tokenizer: Any = None,
    shard_size: str = "1GB",
) -> None:
    """Write a Hugging Face folder of some 20,000 random weights, byte-level vocabulary and
    ChatML template. The same seed gives the same bytes. ``shard_size`` as transformers
    writes sizes, as in ``30KB``: smaller than the weights, it makes shards."""
    import torch
    import transformers

    tokenizer = tokenizer or tiny_tokenizer()
    config_name, model_name = _KINDS[kind]
    config = getattr(transformers, config_name)(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=context_tokens,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.3,  # wide, so that the choices differ clearly
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = getattr(transformers, model_name)(config)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder, max_shard_size=shard_size)
    tokenizer.save_pretrained(folder)


def make_tiny_checkpoint(folder: Path, *, scoring: ScoringMethod = "text", **base: Any) -> str:
    """A tiny base (``make_tiny_base``) with ``proctor.json``; returns its digest."""
    make_tiny_base(folder, **base)
    facts = CheckpointFacts(profile="tiny", scoring=scoring, template=DEFAULT_TEMPLATE[scoring])
    write_atomically(folder / CHECKPOINT_FACTS_FILE, facts.model_dump_json(indent=2) + "\n")
    return checkpoint_digest(folder)
