"""Greedy decoding: a checkpoint writes replies, many at a time or one piece by piece.

The one file of generation that imports torch and transformers. Prompts are padded on the
left, so that every row's next place is the last; keys and values are cached; a row that ends
leaves the batch and its cache with it, so that long replies do not carry the finished ones
along. The token
of the highest logit is taken, the lowest id on a tie (as ``torch.argmax`` documents), so a
reply is the same every time; another batching moves logits by no more than rounding.

A reply that is streamed is a row by itself, decoded by the same steps; its prompt is read in
parts, so that who shares the model waits for a part and not for a prompt.

Cost: one forward pass a token over the rows that still write. Memory of the cache: the
tokens of a batch, prompt and reply, at most ``batch_tokens``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from transformers import AutoConfig, GenerationConfig
from transformers.utils import GENERATION_CONFIG_NAME

from contracts.digests import digest_of_json
from contracts.errors import CannotWrite, CheckpointInvalid
from contracts.models import CheckpointFacts
from mcq.checkpoint import check_digest, checkpoint_digest, read_facts
from mcq.detokenising import Detokeniser
from mcq.generating import Ending, Piece, Written
from mcq.model import (
    LanguageModel,
    Precision,
    load_tokenizer,
    load_weights,
    usable_device,
    usable_precision,
)
from mcq.reply_text import cut_at
from mcq.steering import UNLIMITED, context_length, obstacle
from mcq.tokens import token_ids

OnReplies = Callable[[Sequence[int], Sequence[Written]], None]
# Raised whenever the same model writes another reply to the same prompt.
GENERATOR_VERSION: Final = 1
# Tokens of a prompt that are read at once while a reply is streamed.
PART_TOKENS: Final = 64


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
        weights: Any = None,
    ) -> None:
        """``weights`` are those of the folder, where somebody has read them already. Raises
        ``CheckpointInvalid`` for a model whose context has no length, or that has no end of
        turn."""
        # One of its own: a tokenizer of transformers has settings that a call may change.
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
        # Where the whole sequence decides how a part is read, there are no parts.
        self._whole = bool(obstacle(config.get_text_config(), context))
        self._loaded: Any = weights
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

    @classmethod
    def sharing(cls, model: LanguageModel, folder: Path, digest: str) -> Generator:
        """One that writes with the weights that ``model`` has read from ``folder``, whose
        digest is ``digest``: no memory but for the caches. Raises ``CheckpointInvalid``."""
        weights = model.weights
        precision: Precision = "bf16" if weights.dtype == torch.bfloat16 else "fp32"
        return cls(
            folder,
            read_facts(folder),
            digest,
            precision=precision,
            device=str(weights.device),
            weights=weights,
        )

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

    def stream(self, prompt: str, *, max_new_tokens: int) -> Iterator[Piece]:
        """The reply to one prompt as it is written; the last piece says how it ended, and all
        together are the text. Each step reads a part of the prompt or writes a token, so that
        whoever stops asking has stopped the writing. Raises ``CannotWrite`` for a prompt that
        leaves no room, before the first step."""
        (ids,) = token_ids(self.tokenizer, [prompt])
        if not 0 < len(ids) < self._context:
            raise CannotWrite(
                "reply to this in words",
                f"{len(ids)} tokens leave no room for a reply in {self._context}",
                mend="Shorten it, or ask for the answer alone.",
            )
        return self._pieces(ids, min(max_new_tokens, self._context - len(ids)))

    def _pieces(self, ids: list[int], limit: int) -> Iterator[Piece]:
        row = _Rows(self._model, *self._padded([ids]))
        parts = 0 if self._whole else (len(ids) - 1) // PART_TOKENS
        for _ in range(parts):
            row.read(PART_TOKENS)
            yield Piece()
        said = Detokeniser(self._text)
        reply: list[int] = []
        ending: Ending | None = None
        while ending is None:
            (token,) = row.next()
            ending = self._take(reply, token, limit, ())
            text = "" if ending == "end" else said.add(token)
            yield Piece(text + (said.rest() if ending else ""), ending)

    def _decode(
        self, prompts: Sequence[list[int]], max_new_tokens: int, stops: tuple[str, ...]
    ) -> list[Written]:
        rows = _Rows(self._model, *self._padded(prompts))
        limits = [min(max_new_tokens, self._context - len(prompt)) for prompt in prompts]
        replies: list[list[int]] = [[] for _ in prompts]
        endings: dict[int, Ending] = {}
        writing = list(range(len(prompts)))
        while writing:
            kept: list[int] = []
            for at, (row, token) in enumerate(zip(writing, rows.next(), strict=True)):
                ending = self._take(replies[row], token, limits[row], stops)
                if ending is None:
                    kept.append(at)
                else:
                    endings[row] = ending
            if kept and len(kept) < len(writing):
                rows.keep(kept)
            writing = [writing[at] for at in kept]
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

    def _text(self, ids: Sequence[int]) -> str:
        return str(
            self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )


class _Rows:
    """Rows that are written together: what is to be read next, and the cache of all before."""

    def __init__(self, model: Any, tokens: Tensor, mask: Tensor) -> None:
        """``tokens`` and ``mask`` are padded on the left: (B, T) both."""
        self._model = model
        self._positions = "position_ids" in inspect.signature(model.forward).parameters
        self._tokens = tokens
        self._mask = mask
        self._cache: Any = None

    @torch.inference_mode()
    def read(self, count: int) -> None:
        """Read the first ``count`` of the tokens that stand to be read."""
        later = self._tokens.shape[1] - count
        self._forward(self._tokens[:, :count], self._mask[:, : self._mask.shape[1] - later])
        self._tokens = self._tokens[:, count:]

    @torch.inference_mode()
    def next(self) -> list[int]:
        """Read what is left and choose each row's next token."""
        logits = self._forward(self._tokens, self._mask)
        chosen = logits[:, -1].float().argmax(-1)  # (B,)
        self._tokens = chosen[:, None]  # (B, 1)
        self._mask = torch.cat([self._mask, self._mask.new_ones((len(chosen), 1))], dim=1)
        found: list[int] = chosen.tolist()
        return found

    @torch.inference_mode()
    def keep(self, places: Sequence[int]) -> None:
        """Go on with these rows only."""
        rows = torch.tensor(places, device=self._tokens.device)
        self._cache.batch_select_indices(rows)
        self._tokens, self._mask = self._tokens[rows], self._mask[rows]

    def _forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        given: dict[str, Any] = {"input_ids": tokens, "attention_mask": mask, "logits_to_keep": 1}
        if self._positions:
            # Without padding a row would count from 0: so does it here.
            given["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        output = self._model(**given, past_key_values=self._cache, use_cache=True)
        self._cache = output.past_key_values
        logits: Tensor = output.logits
        return logits


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
