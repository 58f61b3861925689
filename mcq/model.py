"""A causal language model: read from a Hugging Face folder, and asked for probabilities.

The one file of this package that imports torch and transformers. No network, no code of the
folder's own, weights from safetensors only. Works for every causal language model of
transformers. Logits become log-probabilities in fp32.

What rows share is read once. Tokens that all rows of a suite begin with (few-shot examples,
the template's opening) are a *prefix*: their keys and values are kept and used by every
batch. What the rows of one question share after it is the stem of a *tree* (``mcq.tokens``):
the tree is one sequence, its branches side by side, an attention mask keeps each branch from
seeing its neighbours, and positions count as if each stood alone (tree attention as in
SpecInfer, arXiv:2305.09781, section 4). Only positions whose prediction is wanted are
projected onto the vocabulary. A model whose attention cannot be steered so (``mcq.steering``),
or whose numbers a trial shows to differ, is read row by row, and the log says why.

Source: https://huggingface.co/docs/transformers/main_classes/model (from_pretrained),
https://huggingface.co/docs/transformers/kv_cache (DynamicCache).
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedTokenizerFast

from contracts.errors import BadParams, CheckpointInvalid
from mcq.steering import context_length, frequencies_by_length, obstacle
from mcq.tokens import Row, Tree, tree_of

IGNORED: Final = -100
# Numbers over the vocabulary that stand in memory at a time, logits and their log-softmax each:
# so many, or two rows where a row is longer. A row alone would cost as much as two, for the
# head's weights are read once for both; more rows at a time cost less each, some 1 % of a pass.
HEAD_LOGITS: Final = 131_072
# The same where a model's own logits are asked for, which come a whole pass at a time.
PLAIN_POSITIONS: Final = 256
Precision = Literal["fp32", "bf16"]
DTYPES: Final = {"fp32": torch.float32, "bf16": torch.bfloat16}
# How far two ways of reading may differ before one of them is taken for wrong, root mean square
# over some of the vocabulary: in fp32, and the most in bf16, where it is twice what rounding does.
# A token too many in sight differs by 0.4 and more in SmolLM2, its rounding in bf16 by 0.1 to 0.2.
_TOLERANCE_NATS: Final = {"fp32": 1e-3, "bf16": 0.3}
# Larger than logits get, so that whatever is done to large ones shows.
_PLANTED_LOGIT: Final = 64.0
_LOG: Final = logging.getLogger(__name__)


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


def usable_precision(wanted: Precision, device: str) -> Precision:
    """``wanted``, or fp32 on a CPU without units for bf16: there bf16 is emulated, slower than
    fp32 by an order of magnitude and less exact."""
    if wanted == "fp32" or device != "cpu" or _cpu_has_bf16():
        return wanted
    _LOG.warning("this CPU has no units for bf16: scoring in fp32")
    return "fp32"


def _cpu_has_bf16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    # The first two are x86's, the last is ARM's (FEAT_BF16).
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def usable_device(wanted: str) -> str:
    """``auto`` as ``cuda`` where there is one, else ``cpu``. Raises ``BadParams``."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise BadParams("the device", f"{wanted!r} was asked for, and torch sees no GPU here.")
    return wanted


@dataclass(frozen=True)
class Prefix:
    """Tokens that were read, and each layer's keys and values of them: (1, heads, P, D)."""

    tokens: tuple[int, ...]
    layers: tuple[tuple[Tensor, Tensor], ...]


class LanguageModel:
    """A model with its tokenizer, for reading. Not thread-safe: one caller at a time."""

    def __init__(
        self, model: Any, tokenizer: Any, context_tokens: int, precision: Precision = "fp32"
    ) -> None:
        self._model = model.eval()
        self._device = model.device
        self._precision = precision
        self._positions = "position_ids" in inspect.signature(model.forward).parameters
        # Where a row's length changes its neighbours' numbers, none is read with others.
        self._alone = frequencies_by_length(model.config.get_text_config())
        self._prefix: Prefix | None = None
        vocabulary = model.config.get_text_config().vocab_size
        self.head_rows = max(2, HEAD_LOGITS // vocabulary)
        self.tokenizer = tokenizer
        self.context_tokens = context_tokens
        self.shares = self._can_share()
        self._alone = self._alone or (not self.shares and self._padding_shows())

    @classmethod
    def load(
        cls, folder: Path, *, precision: Precision = "fp32", device: str = "cpu"
    ) -> LanguageModel:
        """Raises ``CheckpointInvalid``."""
        tokenizer = load_tokenizer(folder)
        model = load_weights(folder, DTYPES[precision])
        context = context_length(model.config.get_text_config())
        return cls(model.to(device), tokenizer, context, precision)

    @property
    def weights(self) -> Any:
        """The module of transformers, for who writes with it: one at a time with the readers."""
        return self._model

    @property
    def decoder(self) -> Any:
        """The module that reads tokens; its head is not among it."""
        return self._model.get_decoder()

    @property
    def device(self) -> str:
        return str(self._device)

    @property
    def parameters(self) -> int:
        """How many numbers were learned; shared ones count once."""
        return sum(int(part.numel()) for part in self._model.parameters())

    # ------------------------------------------------------------ what is asked

    @torch.inference_mode()
    def reply_log_likelihoods(
        self, questions: Sequence[Sequence[Row]], prefix: Sequence[int] = ()
    ) -> list[float]:
        """Nats of each row's reply after its prompt, summed over the reply's tokens, row
        after row. All rows begin with ``prefix``, which ends before any prompt does."""
        rows = [row for asked in questions for row in asked]
        if not self.shares:
            return self._replies_row_by_row(rows)
        hidden, places = self._read(questions, len(prefix), self._kept(prefix))
        targets = [token for row in rows for token in row.reply]
        owners = [place for place, row in enumerate(rows) for _ in row.reply]
        wanted = [
            places(place, position - 1)
            for place, row in enumerate(rows)
            for position in range(len(row.prompt), row.length)
        ]
        # The replies of a question begin at one and the same place: projected once.
        unique, where = torch.unique(torch.tensor(wanted), return_inverse=True)
        spread = self._nats(hidden, unique, where, torch.tensor(targets))
        sums = torch.zeros(len(rows), dtype=torch.float64)
        sums.index_add_(0, torch.tensor(owners), spread.double())
        return [float(value) for value in sums.tolist()]

    @torch.inference_mode()
    def next_log_probabilities(
        self,
        questions: Sequence[Sequence[Row]],
        wanted: Sequence[int],
        prefix: Sequence[int] = (),
    ) -> list[list[float]]:
        """Nats of each token of ``wanted``, over the whole vocabulary, right after each row's
        prompt: (rows, len(wanted)). All rows begin with ``prefix``, none is only that."""
        rows = [row for asked in questions for row in asked]
        if not self.shares:
            return self._next_row_by_row([row.prompt for row in rows], wanted)
        hidden, places = self._read(questions, len(prefix), self._kept(prefix))
        last = torch.tensor(
            [places(place, len(row.prompt) - 1) for place, row in enumerate(rows)],
            device=hidden.device,
        )
        columns = torch.tensor(list(wanted), device=hidden.device)
        head = self._model.get_output_embeddings()
        found = torch.cat(
            [
                head(hidden[part]).float().log_softmax(-1)[:, columns]
                for part in torch.split(last, self.head_rows)
            ]
        )
        nats: list[list[float]] = found.tolist()  # the one copy to the host
        return nats

    # ------------------------------------------------------------ what rows share, once

    def _kept(self, tokens: Sequence[int]) -> Prefix | None:
        """The prefix with these tokens, read when it is not the one that was read last."""
        if not tokens:
            return None
        if self._prefix is None or self._prefix.tokens != tuple(tokens):
            cache = DynamicCache()
            self._model.get_decoder()(
                input_ids=torch.tensor([list(tokens)], device=self._device),
                past_key_values=cache,
                use_cache=True,
            )
            layers = tuple((layer.keys, layer.values) for layer in cache.layers)
            self._prefix = Prefix(tuple(tokens), layers)
        return self._prefix

    def _read(
        self, questions: Sequence[Sequence[Row]], skipped: int, prefix: Prefix | None
    ) -> tuple[Tensor, Any]:
        """Hidden states of all trees, flattened (B x T, H), and a function from a row's number
        and a position in it to its place among them."""
        trees = [tree_of([row.prompt + row.reply for row in asked], skipped) for asked in questions]
        longest = max(tree.length for tree in trees)
        tokens = torch.zeros((len(trees), longest), dtype=torch.long)
        positions = torch.zeros((len(trees), longest), dtype=torch.long)
        branch_of = torch.full((len(trees), longest), -1, dtype=torch.long)
        for place, tree in enumerate(trees):
            _lay_out(tree, tokens[place], positions[place], branch_of[place], skipped)
        given: dict[str, Any] = {
            "input_ids": tokens.to(self._device),
            "position_ids": positions.to(self._device),
        }
        if prefix is not None or any(len(tree.branches) > 1 for tree in trees):
            given["attention_mask"] = self._mask(branch_of.to(self._device), skipped)
        if prefix is not None:
            size = (len(trees), -1, -1, -1)
            given["past_key_values"] = DynamicCache(
                [(keys.expand(size), values.expand(size)) for keys, values in prefix.layers]
            )
        hidden: Tensor = self._model.get_decoder()(
            **given, use_cache=prefix is not None
        ).last_hidden_state
        rows = [
            (place, one) for place, tree in enumerate(trees) for one in range(len(tree.branches))
        ]

        def place_of(row: int, position: int) -> int:
            place, branch = rows[row]
            return place * longest + trees[place].place(branch, position - skipped)

        return hidden.flatten(0, 1), place_of

    def _mask(self, branch_of: Tensor, skipped: int) -> Tensor:
        """What each token attends to, as addends: (B, 1, T, P + T). Padding stands last and
        attends to itself, so that no row is without any."""
        longest = branch_of.shape[1]
        earlier = torch.ones((longest, longest), dtype=torch.bool, device=self._device).tril()
        ours, theirs = branch_of[:, :, None], branch_of[:, None, :]
        seen = earlier & ((theirs == ours) | (theirs == 0))
        mask = torch.zeros(
            (len(branch_of), 1, longest, skipped + longest),
            dtype=DTYPES[self._precision],
            device=self._device,
        )
        mask[:, 0, :, skipped:].masked_fill_(~seen, torch.finfo(mask.dtype).min)
        return mask

    def _nats(self, hidden: Tensor, unique: Tensor, where: Tensor, targets: Tensor) -> Tensor:
        """Log-probability of ``targets[i]`` predicted at ``unique[where[i]]``: (N,), on the
        host; a few rows of logits at a time."""
        head = self._model.get_output_embeddings()
        found = torch.zeros(len(targets), device=hidden.device)
        step = self.head_rows
        for start in range(0, len(unique), step):
            rows = unique[start : start + step].to(hidden.device)
            inside = ((where >= start) & (where < start + step)).nonzero()[:, 0]
            spread = head(hidden[rows]).float().log_softmax(-1)
            picked = spread[
                (where[inside] - start).to(hidden.device), targets[inside].to(hidden.device)
            ]
            found[inside.to(hidden.device)] = picked
        return found.cpu()

    def _can_share(self) -> bool:
        """Whether prefix and trees give this model's own numbers; the log says why not."""
        reason = obstacle(self._model.config.get_text_config(), self.context_tokens)
        if not reason and not self._positions:
            reason = "it takes no positions"
        reason = reason or self._fails_trial()
        if reason:
            _LOG.warning("prefixes are not shared between questions: %s", reason)
        return not reason

    @torch.inference_mode()
    def _fails_trial(self) -> str:
        """What goes wrong with a made-up question of two branches after a prefix; empty if
        nothing does."""
        size = self._model.get_input_embeddings().num_embeddings
        ids = [(7 * place + 3) % size for place in range(12)]
        try:
            self.shares = True
            return self._detour_of_logits(ids[:2]) or self._difference_of_trees(ids)
        except Exception as error:  # noqa: BLE001  # whatever a model not made for it raises
            return f"{type(error).__name__}: {error}"
        finally:
            self._prefix = None

    def _detour_of_logits(self, ids: list[int]) -> str:
        """Logits must be the head's, of what the decoder gives: nothing scaled or capped before
        or after, be it less than rounding on this question. So the head is made to give numbers
        of its own, and these must be the model's."""
        seen: dict[str, Tensor] = {}

        def decoded(_decoder: Any, _given: Any, found: Any) -> None:
            seen["states"] = found.last_hidden_state[:, -1]

        def projected(_head: Any, given: tuple[Tensor, ...], found: Tensor) -> Tensor:
            seen["given"] = given[0][:, -1]
            planted = torch.linspace(-_PLANTED_LOGIT, _PLANTED_LOGIT, found.shape[-1])
            seen["planted"] = planted.to(found)
            return seen["planted"].expand_as(found)

        hooks = (
            self._model.get_decoder().register_forward_hook(decoded),
            self._model.get_output_embeddings().register_forward_hook(projected),
        )
        try:
            logits = self._last_logits([ids], 1)[0, -1]
        finally:
            for hook in hooks:
                hook.remove()
        if not torch.equal(logits, seen["planted"].float()):
            return "its logits are not what its head gives"
        if not torch.equal(seen["given"].float(), seen["states"].float()):
            return "its head is not given what its decoder reads"
        return ""

    def _difference_of_trees(self, ids: list[int]) -> str:
        """Two branches after prefix and stem, read as a tree and by themselves."""
        prefix, stem = ids[:4], ids[:8]
        rows = [Row(stem + ids[8:10], []), Row(stem + ids[10:12], [])]
        size = self._model.get_output_embeddings().weight.shape[0]
        some = range(0, size, max(1, size // 512))
        prompts = [row.prompt for row in rows]
        plain = torch.tensor(self._next_row_by_row(prompts, some))  # (2, some)
        shared = torch.tensor(self.next_log_probabilities([rows], some, prefix))
        allowed = _TOLERANCE_NATS[self._precision]
        if self._precision != "fp32":
            # Beside a longer one they are padded: other sums of the same, and so its rounding.
            padded = torch.tensor(self._next_row_by_row([*prompts, ids], some)[:2])
            step = _root_mean_square(plain) * torch.finfo(DTYPES[self._precision]).eps
            allowed = min(2 * max(_root_mean_square(plain - padded), step), allowed)
        apart = _root_mean_square(plain - shared)
        if apart <= allowed:
            return ""
        return f"its numbers would differ by {apart:.2g} nats"

    # ------------------------------------------------------------ row by row

    @torch.inference_mode()
    def _padding_shows(self) -> bool:
        """Whether what stands before a shorter row changes its numbers: not every model looks at
        the mask. The log says so."""
        size = self._model.get_input_embeddings().num_embeddings
        ids = [(7 * place + 3) % size for place in range(12)]
        some = range(0, size, max(1, size // 512))
        alone = torch.tensor(self._next_row_by_row([ids[:8]], some))
        beside = torch.tensor(self._next_row_by_row([ids[:8], ids], some)[:1])
        shows = not _root_mean_square(alone - beside) <= _TOLERANCE_NATS[self._precision]
        if shows:
            _LOG.warning("rows are read one at a time: padding changes their numbers")
        return shows

    def _replies_row_by_row(self, rows: Sequence[Row]) -> list[float]:
        longest = max(len(row.reply) for row in rows)
        sums: list[float] = []
        step = 1 if self._alone else max(1, PLAIN_POSITIONS // longest)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            # The reply's last token predicts nothing that is asked for.
            logits = self._last_logits([row.prompt + row.reply[:-1] for row in part], longest)
            targets = torch.full(logits.shape[:2], IGNORED, dtype=torch.long)  # (B, R)
            for place, row in enumerate(part):
                targets[place, longest - len(row.reply) :] = torch.tensor(row.reply)
            losses = functional.cross_entropy(
                logits.transpose(1, 2), targets.to(self._device), reduction="none"
            )  # (B, R), 0 where ignored
            sums += (-losses.cpu().double().sum(1)).tolist()
        return sums

    def _next_row_by_row(
        self, prompts: Sequence[list[int]], wanted: Sequence[int]
    ) -> list[list[float]]:
        nats: list[list[float]] = []
        step = 1 if self._alone else PLAIN_POSITIONS
        for start in range(0, len(prompts), step):
            logits = self._last_logits(prompts[start : start + step], 1)[:, -1]
            nats += logits.log_softmax(-1)[:, list(wanted)].tolist()
        return nats

    def _last_logits(self, rows: Sequence[list[int]], count: int) -> Tensor:
        """The model's own logits of each row's last ``count`` places, whatever it does to
        them after its head (Granite divides, Cohere multiplies, Gemma caps): (B, count, V)."""
        longest = max(count, *(len(row) for row in rows))
        # Padding on the left, so that the last places are everyone's and alone projected.
        tokens = torch.zeros((len(rows), longest), dtype=torch.long)  # (B, T)
        mask = torch.zeros((len(rows), longest), dtype=torch.long)
        for place, row in enumerate(rows):
            tokens[place, longest - len(row) :] = torch.tensor(row)
            mask[place, longest - len(row) :] = 1
        given = {"input_ids": tokens, "attention_mask": mask}
        if self._positions:
            # Without padding a row would count from 0: so does it here.
            given["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
        given = {name: part.to(self._device) for name, part in given.items()}
        logits: Tensor = self._model(**given, logits_to_keep=count, use_cache=False).logits
        return logits[:, -count:].float()


def _root_mean_square(numbers: Tensor) -> float:
    return float(numbers.square().mean().sqrt())


def _lay_out(
    tree: Tree, tokens: Tensor, positions: Tensor, branch_of: Tensor, skipped: int
) -> None:
    """Write a tree's tokens side by side: the stem is branch 0, row ``i`` branch ``i + 1``."""
    start = len(tree.stem)
    tokens[:start] = torch.tensor(tree.stem, dtype=torch.long)
    positions[:start] = torch.arange(skipped, skipped + start)
    branch_of[:start] = 0
    for number, branch in enumerate(tree.branches, start=1):
        end = start + len(branch)
        tokens[start:end] = torch.tensor(branch, dtype=torch.long)
        first = skipped + len(tree.stem)
        positions[start:end] = torch.arange(first, first + len(branch))
        branch_of[start:end] = number
        start = end
