"""Greedy decoding: a checkpoint writes replies, many at a time.

The one file of generation that imports torch and transformers. Prompts are padded on the
left, so that every row's next place is the last; keys and values are cached; a row that ends
leaves the batch and its cache with it, so that long replies do not carry the finished ones
along. The token
of the highest logit is taken, the lowest id on a tie (as ``torch.argmax`` documents), so a
reply is the same every time; another batching moves logits by no more than rounding.

Cost: one forward pass a token over the rows that still write. Memory of the cache: the
tokens of a batch, prompt and reply, at most ``batch_tokens``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from transformers import AutoConfig, GenerationConfig
from transformers.utils import GENERATION_CONFIG_NAME

from contracts.digests import digest_of_json
from contracts.errors import CheckpointInvalid
from contracts.models import CheckpointFacts
from mcq.checkpoint import check_digest, checkpoint_digest, read_facts
from mcq.generating import Ending, Written
from mcq.model import (
    Precision,
    load_tokenizer,
    load_weights,
    usable_device,
    usable_precision,
)
from mcq.reply_text import cut_at
from mcq.steering import UNLIMITED, context_length
from mcq.tokens import token_ids

OnReplies = Callable[[Sequence[int], Sequence[Written]], None]
# Raised whenever the same model writes another reply to the same prompt.
GENERATOR_VERSION: Final = 1


class Generator:
    """A checkpoint that writes; its weights are read when the first prompt is answered.
    Not thread-safe: one caller at a time."""

    def __init__(
        self,
        folder: Path,
        facts: CheckpointFacts,
        digest: str,
        *,
        precision: Precision,
        device: str,
    ) -> None:
        """Raises ``CheckpointInvalid`` for a model whose context has no length, or that has no
        end of turn."""
        self.tokenizer = load_tokenizer(folder)
        config, saved = _configuration(folder)
        context = context_length(config.get_text_config())
        if context == UNLIMITED:
            raise CheckpointInvalid(folder, "config.json does not say how long its context is")
        self._ends = _end_tokens(config, saved, self.tokenizer)
        if not self._ends:
            raise CheckpointInvalid(folder, "its tokenizer has no end of turn (eos_token)")
        self._folder = folder
        self._device = device
        self._context = context
        self._loaded: Any = None
        self._positions = False
        self.facts = facts
        self.digest = digest
        self.precision = precision

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        expected_digest: str | None = None,
        precision: Precision = "fp32",
        device: str = "cpu",
        lazy: bool = False,
    ) -> Generator:
        """No network, no remote code, safetensors only; ``lazy`` leaves the weights for the
        first prompt. Raises ``CheckpointInvalid``, ``BadParams`` for a device that is not
        there, and ``DigestMismatch`` when ``expected_digest`` is given and a byte differs."""
        facts = read_facts(folder)
        digest = (
            check_digest(folder, expected_digest) if expected_digest else checkpoint_digest(folder)
        )
        device = usable_device(device)
        precision = usable_precision(precision, device)
        generator = cls(folder, facts, digest, precision=precision, device=device)
        if not lazy:
            generator._model  # noqa: B018  # reads the weights
        return generator

    @property
    def identity(self) -> str:
        """The digest of what decides a reply beside its prompt and its limits. That of the
        folder covers the tokenizer, too; kinds of devices round in their own ways."""
        kind = self._device.split(":")[0]
        return digest_of_json([self.digest, self.precision, kind, GENERATOR_VERSION])

    @property
    def _model(self) -> Any:
        if self._loaded is None:
            dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
            self._loaded = load_weights(self._folder, dtype).to(self._device).eval()
            self._positions = "position_ids" in inspect.signature(self._loaded.forward).parameters
        return self._loaded

    def write(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int,
        batch_tokens: int,
        stops: tuple[str, ...] = (),
        plain: bool = False,
        on_batch: OnReplies = lambda _places, _written: None,
    ) -> list[Written]:
        """A reply to each prompt, in order. A reply has at most ``max_new_tokens`` tokens and
        what the context leaves room for. ``batch_tokens`` bounds rows x (longest prompt +
        longest reply) of a batch, in tokens; one row always goes. ``plain``: the prompts are
        texts that no chat template wrote (``mcq.tokens.token_ids``). ``on_batch`` hears the
        places and replies of each batch when it is done."""
        encoded = token_ids(self.tokenizer, prompts, plain=plain)
        results: dict[int, Written] = {}
        fitting: list[int] = []
        for place, ids in enumerate(encoded):
            if 0 < len(ids) < self._context:
                fitting.append(place)
            else:
                reason = f"{len(ids)} tokens leave no room for a reply in {self._context}"
                results[place] = Written(None, 0, None, reason)
        if results:
            on_batch(list(results), list(results.values()))
        fitting.sort(key=lambda place: len(encoded[place]))
        for batch in _batches(
            [len(encoded[place]) for place in fitting], max_new_tokens, batch_tokens
        ):
            places = [fitting[at] for at in batch]
            written = self._decode([encoded[place] for place in places], max_new_tokens, stops)
            results.update(zip(places, written, strict=True))
            on_batch(places, written)
        return [results[place] for place in range(len(prompts))]

    @torch.inference_mode()
    def _decode(
        self, prompts: Sequence[list[int]], max_new_tokens: int, stops: tuple[str, ...]
    ) -> list[Written]:
        tokens, mask = self._padded(prompts)  # (B, T), (B, T)
        limits = [min(max_new_tokens, self._context - len(prompt)) for prompt in prompts]
        replies: list[list[int]] = [[] for _ in prompts]
        endings: dict[int, Ending] = {}
        writing = list(range(len(prompts)))
        cache: Any = None
        while True:
            output = self._model(**self._given(tokens, mask), past_key_values=cache, use_cache=True)
            cache = output.past_key_values
            chosen = output.logits[:, -1].float().argmax(-1)  # (rows that write,)
            kept: list[int] = []
            for at, (row, token) in enumerate(zip(writing, chosen.tolist(), strict=True)):
                ending = self._take(replies[row], token, limits[row], stops)
                if ending is None:
                    kept.append(at)
                else:
                    endings[row] = ending
            if not kept:
                break
            if len(kept) < len(writing):
                rows = torch.tensor(kept, device=chosen.device)
                cache.batch_select_indices(rows)
                chosen, mask = chosen[rows], mask[rows]
                writing = [writing[at] for at in kept]
            tokens = chosen[:, None]  # (B, 1)
            mask = torch.cat([mask, mask.new_ones((len(writing), 1))], dim=1)
        return [
            Written(cut_at(self._text(ids), stops), len(ids), endings[row])
            for row, ids in enumerate(replies)
        ]

    def _take(
        self, reply: list[int], token: int, limit: int, stops: tuple[str, ...]
    ) -> Ending | None:
        """Add ``token`` to ``reply``; how the reply ends with it, if it does."""
        if token in self._ends:
            return "end"
        reply.append(token)
        if stops:
            # A token is a byte at least, so that a stop lies within so many of the last.
            window = max(len(stop.encode()) for stop in stops) + 1
            tail = self._text(reply[-window:])
            if any(stop in tail for stop in stops):
                return "stop"
        return "length" if len(reply) >= limit else None

    def _padded(self, prompts: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
        """Token ids and mask, padded on the left: (B, T) both."""
        longest = max(len(prompt) for prompt in prompts)
        tokens = torch.zeros((len(prompts), longest), dtype=torch.long)
        mask = torch.zeros((len(prompts), longest), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            tokens[row, longest - len(prompt) :] = torch.tensor(prompt)
            mask[row, longest - len(prompt) :] = 1
        return tokens.to(self._model.device), mask.to(self._model.device)

    def _given(self, tokens: Tensor, mask: Tensor) -> dict[str, Any]:
        given: dict[str, Any] = {"input_ids": tokens, "attention_mask": mask, "logits_to_keep": 1}
        if self._positions:
            # Without padding a row would count from 0: so does it here.
            given["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        return given

    def _text(self, ids: Sequence[int]) -> str:
        return str(
            self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )


def _configuration(folder: Path) -> tuple[Any, Any]:
    """The model's configuration, and that of its generation or ``None``: no weights are read.
    Raises ``CheckpointInvalid``."""
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        saved = (
            GenerationConfig.from_pretrained(folder, local_files_only=True)
            if (folder / GENERATION_CONFIG_NAME).is_file()
            else None
        )
    except Exception as error:  # transformers raises whatever its parsers raise
        raise CheckpointInvalid(folder, f"{type(error).__name__}: {error}") from error
    return config, saved


def _end_tokens(config: Any, saved: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a turn: the tokenizer's and those that the model was saved with."""
    found: set[int] = set()
    for ids in (
        tokenizer.eos_token_id,
        getattr(config.get_text_config(), "eos_token_id", None),
        getattr(saved, "eos_token_id", None),
    ):
        found |= set(ids) if isinstance(ids, list | tuple) else set() if ids is None else {ids}
    return frozenset(found)


def _batches(lengths: Sequence[int], new_tokens: int, limit: int) -> list[range]:
    """Consecutive places of ``lengths`` (ascending) whose rows, padded and with a whole reply,
    fit into ``limit`` tokens; a row that does not fit goes alone."""
    batches: list[range] = []
    begin = 0
    for place in range(1, len(lengths) + 1):
        full = place == len(lengths) or (place + 1 - begin) * (lengths[place] + new_tokens) > limit
        if full:
            batches.append(range(begin, place))
            begin = place
    return batches
