"""Reads a model and its tokenizer from a Hugging Face folder: the one place that does.

No network, no code of the folder's own, weights from safetensors only, in the precision
asked for. Works for every causal language model that transformers knows.

Source: https://huggingface.co/docs/transformers/main_classes/model (from_pretrained).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from contracts.errors import CheckpointInvalid


def load_weights(folder: Path, dtype: torch.dtype = torch.float32) -> tuple[Any, Any]:
    """(model, tokenizer). Raises ``CheckpointInvalid`` for whatever cannot be read."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=dtype,
        )
    except Exception as error:  # transformers raises whatever its parsers raise
        raise CheckpointInvalid(folder, f"{type(error).__name__}: {error}") from error
    return model, tokenizer
