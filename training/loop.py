"""The steps of a training, and their resumption after a kill.

AdamW with linear warm-up and linear decay over the last two thirds. Every
``checkpoint_every_steps`` the whole state (weights, both moments, the curve) goes to a
folder of its own as safetensors and JSON, which gets its name when complete; a training
that finds a state of the same recipe goes on from it and ends with the same weights, bit
for bit, as one that was never stopped. Knows nothing of MLflow: it reports points of a
curve to a callback.

Source: AdamW, arXiv:1711.05101. Deterministic for a fixed number of threads.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from contracts.errors import Refused
from contracts.params import TrainParams
from training.batches import IGNORED, Example, batch_order, collate
from training.storage import tensor_storage_faults

CURVE_EVERY_STEPS: Final = 20
VALIDATION_BATCH: Final = 128
STATE_FILE: Final = "state.safetensors"
PROGRESS_FILE: Final = "progress.json"


@dataclass(frozen=True)
class CurvePoint:
    """One step's figures: mean loss in nats a reply token since the last point."""

    step: int
    train_loss: float
    learning_rate: float
    validation_loss: float | None = None


def learning_rate(step: int, params: TrainParams) -> float:
    """The rate at ``step`` (from 0): linear up over the warm-up, linear down to zero over
    the last two thirds."""
    up = min(1.0, (step + 1) / max(1, params.warmup_steps))
    down = min(1.0, (params.steps - step) / (params.steps * 2 / 3))
    return params.learning_rate * up * down


def saved_states(folder: Path) -> list[Path]:
    """The complete states below ``folder``, oldest first."""
    return sorted(folder.glob("step-*"))


def _to_disk(path: Path) -> None:
    """fsync: a power cut must not leave an empty file under a state's name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _diverged(what: str, value: float, step: int) -> Refused:
    return Refused(
        f"the {what} is {value} at step {step}: the training diverged.",
        mend="Lower train.learning_rate in params.yaml.",
    )


class Trainer:
    """Owns the model's weights and the optimizer; ``run`` takes it to the last step.

    ``recipe`` is a digest of everything that decides the result (params, profile, data):
    a state with another recipe is not resumed.
    """

    def __init__(
        self,
        model: Any,
        train: Sequence[Example],
        validation: Sequence[Example],
        params: TrainParams,
        *,
        pad: int,
        recipe: str,
        state_folder: Path,
    ) -> None:
        self._model = model
        self._train = train
        self._validation = validation
        self._params = params
        self._pad = pad
        self._recipe = recipe
        self._folder = state_folder
        self._named = dict(model.named_parameters())
        self._optimizer = torch.optim.AdamW(
            self._named.values(),
            lr=params.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=params.weight_decay,
        )
        self.step = 0
        self.curve: list[CurvePoint] = []

    def resume(self) -> bool:
        """Load the newest sound state of this recipe; ``False`` when there is none."""
        for folder in reversed(saved_states(self._folder)):
            try:
                facts = json.loads((folder / PROGRESS_FILE).read_text(encoding="utf-8"))
                tensors = load_file(folder / STATE_FILE)
            except (OSError, ValueError, SafetensorError):
                continue  # spoiled from outside: an older one, or the first step, will do
            if facts["recipe"] == self._recipe:
                self._take(facts, tensors)
                return True
        return False

    def _take(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self._named.items():
                parameter.copy_(tensors[f"weight/{name}"])
                self._optimizer.state[parameter] = {
                    "step": tensors[f"step/{name}"],
                    "exp_avg": tensors[f"first/{name}"],
                    "exp_avg_sq": tensors[f"second/{name}"],
                }
        self.step = int(facts["step"])
        self.curve = [CurvePoint(**point) for point in facts["curve"]]

    def save(self) -> None:
        """Write the state so that either the old or the new one is there, never a half.

        Raises ``StorageFull``."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in self._named.items():
            state = self._optimizer.state[parameter]
            tensors[f"weight/{name}"] = parameter.detach().clone()
            tensors[f"step/{name}"] = state["step"].clone()
            tensors[f"first/{name}"] = state["exp_avg"].clone()
            tensors[f"second/{name}"] = state["exp_avg_sq"].clone()
        facts = {
            "recipe": self._recipe,
            "step": self.step,
            "curve": [vars(point) for point in self.curve],
        }
        older = saved_states(self._folder)
        fresh = self._folder / "unfinished"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            with tensor_storage_faults(fresh):
                fresh.mkdir(parents=True)
                save_file(tensors, fresh / STATE_FILE)
                (fresh / PROGRESS_FILE).write_text(json.dumps(facts), encoding="utf-8")
                _to_disk(fresh / STATE_FILE)
                _to_disk(fresh / PROGRESS_FILE)
                # A name that sorts by step; the old states go only when the new one stands.
                fresh.rename(self._folder / f"step-{self.step:09d}")
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        for state in older:
            shutil.rmtree(state)

    def run(
        self,
        on_step: Callable[[int], None] = lambda _step: None,
        on_checkpoint: Callable[[Sequence[CurvePoint]], None] = lambda _curve: None,
    ) -> None:
        """Train to the last step. ``on_step`` hears each step done, ``on_checkpoint`` the
        whole curve whenever the state was saved, and once before a resumed training goes
        on. Raises ``Refused`` when the loss or its gradient is no longer a number: no state
        is saved from there."""
        params = self._params
        if self.curve:
            # A kill between saving and telling left points that nobody has heard of.
            on_checkpoint(self.curve)
        lengths = [example.length for example in self._train]
        order = batch_order(lengths, params.batch_questions, params.seed)
        self._model.train()
        losses: list[float] = []
        for batch in islice(order, self.step, params.steps):
            rate = learning_rate(self.step, params)
            losses.append(self._one_step([self._train[place] for place in batch], rate))
            self.step += 1
            on_step(self.step)
            last = self.step == params.steps
            saving = last or self.step % params.checkpoint_every_steps == 0
            if saving or self.step % CURVE_EVERY_STEPS == 0:
                mean = sum(losses) / len(losses)
                losses.clear()
                validation = self.validation_loss() if saving else None
                self.curve.append(CurvePoint(self.step, mean, rate, validation))
            if saving:
                self.save()
                on_checkpoint(self.curve)

    def _one_step(self, examples: Sequence[Example], rate: float) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        loss = self._loss(examples)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise _diverged("loss", value, self.step + 1)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(torch.nn.utils.clip_grad_norm_(self._named.values(), self._params.clip_norm))
        if not math.isfinite(norm):
            # Clipping by an infinite norm gives NaN: the step would spoil every weight.
            raise _diverged("gradient's norm", norm, self.step + 1)
        self._optimizer.step()
        return value

    def _loss(self, examples: Sequence[Example]) -> Tensor:
        """Mean nats a reply token of one batch."""
        tokens, targets = collate(examples, self._pad)
        hidden = self._model.model(input_ids=tokens).last_hidden_state  # (B, T, H)
        wanted = targets != IGNORED
        # The head runs on the reply's positions only: a fifth of the batch.
        logits = self._model.lm_head(hidden[wanted])  # (N, V)
        return functional.cross_entropy(logits, targets[wanted])

    @torch.no_grad()
    def validation_loss(self) -> float | None:
        """Mean nats a reply token over the validation examples; ``None`` without any."""
        if not self._validation:
            return None
        self._model.eval()
        total, tokens = 0.0, 0
        for start in range(0, len(self._validation), VALIDATION_BATCH):
            part = self._validation[start : start + VALIDATION_BATCH]
            count = sum(len(example.reply) for example in part)
            total += float(self._loss(part)) * count
            tokens += count
        self._model.train()
        return total / tokens
