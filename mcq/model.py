"""A causal language model: read from a Hugging Face folder, and asked for probabilities.

The one file of this package that imports torch and transformers. No network, no code of the
folder's own, weights from safetensors only. Works for every causal language model of
transformers whose context has a length. Logits become log-probabilities in fp32.

Source: https://huggingface.co/docs/transformers/main_classes/model (from_pretrained).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from contracts.errors import CheckpointInvalid
from mcq.tokens import Row

IGNORED: Final = -100


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer exactly as ``tokenizer.json`` has it. Raises ``CheckpointInvalid``.

    Not ``AutoTokenizer``: for a Qwen2 configuration that one keeps vocabulary and merges and
    puts Qwen's own pre-tokenizer in place of the saved one, so that a checkpoint with another
    (``nano``, SmolLM2) would read a question in other tokens than it learned.
    """
    try:
        return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # transformers and tokenizers raise whatever their parsers raise
        raise CheckpointInvalid(folder, f"{type(error).__name__}: {error}") from error


def load_weights(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """The model in ``dtype``. Raises ``CheckpointInvalid`` for whatever cannot be read."""
    try:
        return AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=dtype,
        )
    except Exception as error:  # transformers raises whatever its parsers raise
        raise CheckpointInvalid(folder, f"{type(error).__name__}: {error}") from error


class LanguageModel:
    """A model with its tokenizer, for reading. Not thread-safe: one caller at a time."""

    def __init__(self, model: Any, tokenizer: Any, context_tokens: int) -> None:
        self._model = model.eval()
        self._positions = "position_ids" in inspect.signature(model.forward).parameters
        self.tokenizer = tokenizer
        self.context_tokens = context_tokens

    @classmethod
    def load(cls, folder: Path) -> LanguageModel:
        """In fp32. Raises ``CheckpointInvalid``."""
        tokenizer = load_tokenizer(folder)
        model = load_weights(folder)
        context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        if not isinstance(context, int):
            raise CheckpointInvalid(folder, "config.json does not say how long its context is")
        return cls(model, tokenizer, context)

    @torch.inference_mode()
    def reply_log_likelihoods(self, rows: Sequence[Row]) -> list[float]:
        """Nats of each row's reply after its prompt, summed over the reply's tokens."""
        longest = max(row.length for row in rows) - 1
        tokens = torch.zeros((len(rows), longest), dtype=torch.long)  # (B, T)
        targets = torch.full((len(rows), longest), IGNORED, dtype=torch.long)
        for place, row in enumerate(rows):
            ids = torch.tensor(row.prompt + row.reply)
            tokens[place, : row.length - 1] = ids[:-1]
            targets[place, len(row.prompt) - 1 : row.length - 1] = ids[len(row.prompt) :]
        # Padding stands to the right of everything that is read: causal attention hides it.
        hidden: Tensor = self._model.get_decoder()(input_ids=tokens).last_hidden_state  # (B, T, H)
        wanted = targets != IGNORED
        head = self._model.get_output_embeddings()
        logits = head(hidden[wanted]).float()  # (N, V): only what is read
        losses = functional.cross_entropy(logits, targets[wanted], reduction="none")
        sums = torch.zeros(len(rows), dtype=torch.float64)
        sums.index_add_(0, wanted.nonzero()[:, 0], -losses.double())
        return [float(value) for value in sums.tolist()]

    @torch.inference_mode()
    def next_log_probabilities(
        self, prompts: Sequence[list[int]], wanted: Sequence[int]
    ) -> list[list[float]]:
        """Nats of each token of ``wanted``, over the whole vocabulary, right after each
        prompt: (B, len(wanted))."""
        longest = max(len(prompt) for prompt in prompts)
        # Padding on the left, so that the last place is everyone's and is projected alone.
        tokens = torch.zeros((len(prompts), longest), dtype=torch.long)  # (B, T)
        mask = torch.zeros((len(prompts), longest), dtype=torch.long)
        for place, prompt in enumerate(prompts):
            tokens[place, longest - len(prompt) :] = torch.tensor(prompt)
            mask[place, longest - len(prompt) :] = 1
        given = {"input_ids": tokens, "attention_mask": mask}
        if self._positions:
            # Without padding a row would count from 0: so does it here.
            given["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
        logits: Tensor = self._model(**given, logits_to_keep=1, use_cache=False).logits[:, -1]
        spread = logits.float().log_softmax(-1)  # (B, V)
        return [[float(value) for value in row] for row in spread[:, list(wanted)].tolist()]
