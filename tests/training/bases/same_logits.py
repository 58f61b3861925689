"""A converted checkpoint against the GGUF file that it was made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from mcq.model import load_tokenizer, load_weights
from training.bases.folder import Base

PROMPTS = [
    "x",
    "def f(a):\n    return a[::-1]  # 12 and  345\n\n\nprint(f([1, 2]))",
    "<|im_start|>user\nWhich?\n\nA. é\nB. 中<|im_end|>\n<|im_start|>assistant\n",
]


def assert_same_to_the_last_bit(base: Base, gguf: Path) -> None:
    """The checkpoint on disk gives the logits of the GGUF file as transformers loads it."""
    llama = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    ).eval()
    qwen2, tokenizer = load_weights(base.folder).eval(), load_tokenizer(base.folder)
    assert (llama.config.model_type, qwen2.config.model_type) == ("llama", "qwen2")
    for prompt in PROMPTS:
        ids = tokenizer(prompt)["input_ids"]
        assert torch.equal(_logits(llama, ids), _logits(qwen2, ids))
    biases = [value for key, value in qwen2.named_parameters() if key.endswith("bias")]
    assert len(biases) == 3 * qwen2.config.num_hidden_layers
    assert all(not bias.any() for bias in biases)


def _logits(model: Any, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return torch.as_tensor(model(torch.tensor([ids])).logits)
