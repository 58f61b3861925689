"""Others that score the same prompts: lm-evaluation-harness, and transformers by itself.

Both take whole plain prompts and continuations and give nats, (questions, choices). ``LmEval`` is
lm-eval as it ships: its ``HFLM`` around the same weights and the same tokenizer, its own
tokenising, sorting and cache of one-token continuations ("logits cache"). ``FullLogits`` is
the textbook: one prompt at a time, logits of the whole vocabulary at every position; it is
always here and tells who is right when two harnesses differ.

Source: https://github.com/EleutherAI/lm-evaluation-harness, ``lm_eval/models/huggingface.py``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, Protocol

import torch

from mcq.tokens import opening_ids, token_ids

Asked = tuple[str, Sequence[str]]
"""A prompt and what may follow it."""


class Opponent(Protocol):
    def score(self, asked: Sequence[Asked]) -> list[list[float]]: ...


def lm_eval_is_here() -> bool:
    return importlib.util.find_spec("lm_eval") is not None


class LmEval:
    """lm-eval's ``HFLM.loglikelihood``, end to end from strings to nats."""

    def __init__(self, model: Any, tokenizer: Any, batch_size: int) -> None:
        """Raises ``ImportError`` where the extra ``benchmark`` is not installed."""
        from lm_eval.models.huggingface import HFLM

        self._lm = HFLM(
            pretrained=model,
            tokenizer=tokenizer,
            backend="causal",
            batch_size=batch_size,
            # What it would do by itself, and what we do: not left to its guess.
            add_bos_token=bool(opening_ids(tokenizer)),
        )

    def score(self, asked: Sequence[Asked]) -> list[list[float]]:
        from lm_eval.api.instance import Instance

        requests = [
            Instance(
                request_type="loglikelihood",
                doc={},
                arguments=(prompt, continuation),
                idx=place,
                metadata=("proctor", number, 1),
            )
            for number, (prompt, continuations) in enumerate(asked)
            for place, continuation in enumerate(continuations)
        ]
        answers = iter(self._lm.loglikelihood(requests, disable_tqdm=True))
        return [[float(next(answers)[0]) for _ in continuations] for _, continuations in asked]


class FullLogits:
    """transformers' own logits, one prompt at a time; only one-token continuations.

    Raises ``ValueError`` for a continuation that is not one token of its own."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer

    @torch.inference_mode()
    def score(self, asked: Sequence[Asked]) -> list[list[float]]:
        found = []
        for prompt, continuations in asked:
            ids = self._ids(prompt)
            logits = self._model(torch.tensor([ids], device=self._model.device)).logits  # (1,T,V)
            spread = logits[0, -1].double().log_softmax(-1)
            found.append([float(spread[self._next(prompt, ids, one)]) for one in continuations])
        return found

    def _next(self, prompt: str, ids: list[int], continuation: str) -> int:
        whole = self._ids(prompt + continuation)
        if whole[: len(ids)] != ids or len(whole) != len(ids) + 1:
            raise ValueError(f"{continuation!r} is not one token after the prompt")
        return whole[-1]

    def _ids(self, text: str) -> list[int]:
        (ids,) = token_ids(self._tokenizer, [text], plain=True)
        return ids
