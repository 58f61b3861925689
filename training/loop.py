"""The steps of a training, and their resumption after a kill: the one loop of all methods.

AdamW on whatever parameters of the model want a gradient (all of them, or adapters). A
step is a few forward passes whose gradients add up, each weighted by its tokens, so that
many small passes equal one big one. Every ``save_every_steps`` the validation loss is
taken and the whole state (weights, both moments, best weights, the curve) saved; a
training that finds a state of its recipe goes on from it and ends with the same weights,
bit for bit, as one that was never stopped. With a ``patience`` the weights of the lowest
validation loss are kept, and the training stops when that many validations brought none
lower (0: it goes on to the last step). Whether to stop is read from the curve alone.

Knows nothing of MLflow: it reports points of a curve to a callback. Source: AdamW,
arXiv:1711.05101. Deterministic for a fixed number of threads and processes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from contracts.errors import Refused
from training.batches import IGNORED, Inputs, Pass
from training.devices import Devices, OneDevice
from training.schedule import Schedule, share_of_peak
from training.states import newest_state, write_state


@dataclass(frozen=True)
class Settings:
    """How the loop runs. ``section`` is where params.yaml says so, for messages;
    ``patience`` ``None`` keeps the last weights, a number the best ones."""

    section: str
    seed: int
    steps: int
    learning_rate: float
    schedule: Schedule
    warmup_steps: int
    betas: tuple[float, float]
    weight_decay: float
    clip_norm: float
    save_every_steps: int
    curve_every_steps: int
    patience: int | None = None
    autocast: torch.dtype | None = None

    def rate(self, step: int) -> float:
        """The learning rate at ``step`` (from 0)."""
        share = share_of_peak(self.schedule, step, steps=self.steps, warmup_steps=self.warmup_steps)
        return self.learning_rate * share


@dataclass(frozen=True)
class Lessons:
    """What is learned: ``steps()`` yields each step's passes without end, the same ones
    every time; ``room_tokens`` is what a pass could hold (``None``: no such bound)."""

    steps: Callable[[], Iterator[Sequence[Pass]]]
    validation: Sequence[Pass]
    pad: int
    room_tokens: int | None = None


@dataclass(frozen=True)
class CurvePoint:
    """One step's figures: mean loss in nats a reply token since the last point (``None``
    before the first step), the same over the validation examples, tokens read a second,
    and the share of the passes' room that they filled."""

    step: int
    train_loss: float | None
    learning_rate: float
    validation_loss: float | None = None
    packing_ratio: float | None = None
    # Of the clock, so no part of what two equal trainings share.
    tokens_per_second: float | None = field(default=None, compare=False)


class ReplyLoss(nn.Module):
    """Mean nats a reply token of one pass, as a module: what several processes share."""

    def __init__(self, model: Any, autocast: torch.dtype | None) -> None:
        super().__init__()
        self.model = model
        self._autocast = autocast

    def forward(self, tokens: Tensor, targets: Tensor, positions: Tensor | None) -> Tensor:
        precision = (
            torch.autocast(tokens.device.type, dtype=self._autocast)
            if self._autocast
            else nullcontext()
        )
        places = {} if positions is None else {"position_ids": positions}
        with precision:
            # A cache would hide from transformers that the row is packed.
            read = self.model.get_decoder()(input_ids=tokens, use_cache=False, **places)
            hidden = read.last_hidden_state  # (B, T, H)
            wanted = targets != IGNORED
            # The head runs on the reply's positions only: a fifth of the batch.
            logits = self.model.get_output_embeddings()(hidden[wanted])  # (N, V)
        return functional.cross_entropy(logits.float(), targets[wanted])


@dataclass
class _Since:
    """What happened since the last point of the curve."""

    began_seconds: float
    losses: list[float] = field(default_factory=list)
    tokens: int = 0
    passes: int = 0


class Trainer:
    """Owns the model's weights and the optimizer; ``run`` takes it to the last step.

    ``recipe`` is a digest of everything that decides the result (params, profile, data):
    a state with another recipe is not resumed. ``clock`` gives seconds, for the rates.
    """

    def __init__(
        self,
        model: Any,
        lessons: Lessons,
        settings: Settings,
        *,
        recipe: str,
        state_folder: Path,
        devices: Devices | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._lessons = lessons
        self._settings = settings
        self._recipe = recipe
        self._folder = state_folder
        self._devices = devices or OneDevice()
        self._clock = clock
        self._model = model
        self._alone = ReplyLoss(model, settings.autocast)
        self._shared = self._devices.prepared(self._alone)
        self._named = {
            name: parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }
        self._optimizer = torch.optim.AdamW(
            self._named.values(),
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
        )
        self.step = 0
        self.curve: list[CurvePoint] = []
        self._best: dict[str, Tensor] = {}

    # ------------------------------------------------------------ the steps

    def run(
        self,
        on_step: Callable[[int], None] = lambda _step: None,
        on_checkpoint: Callable[[Sequence[CurvePoint]], None] = lambda _curve: None,
    ) -> None:
        """Train to the last step, or until nothing gets better. ``on_step`` hears each step
        done, ``on_checkpoint`` the whole curve whenever the state was saved, and once before
        a resumed training goes on. Raises ``Refused`` when a loss or the gradient is no
        longer a number: no state is saved from there."""
        settings = self._settings
        if self.curve:
            # A kill between saving and telling left points that nobody has heard of.
            on_checkpoint(self.curve)
        elif settings.patience is not None:
            # Where it begins counts: weights that were only made worse are not kept.
            self._note(CurvePoint(0, None, settings.rate(0), self.validation_loss()))
        self._model.train()
        since = _Since(self._clock())
        for passes in islice(self._lessons.steps(), self.step, settings.steps):
            if self.stopped:
                break
            since.losses.append(self._one_step(passes))
            since.tokens += sum(one.tokens for one in passes)
            since.passes += len(passes)
            self.step += 1
            on_step(self.step)
            saving = self.step == settings.steps or self.step % settings.save_every_steps == 0
            if saving or self.step % settings.curve_every_steps == 0:
                self._note(self._point(since, validate=saving))
                since = _Since(self._clock())
            if saving:
                self.save()
                on_checkpoint(self.curve)
        self._take_best()

    @property
    def best_step(self) -> int:
        """The step whose weights count: that of the lowest validation loss, the earliest on
        a tie, or the last step where the last weights are kept."""
        validated = [point for point in self.curve if point.validation_loss is not None]
        if self._settings.patience is None or not validated:
            return self.step
        return min(validated, key=lambda point: (point.validation_loss, point.step)).step

    @property
    def stopped(self) -> bool:
        """Whether ``patience`` validations in a row brought no lower loss."""
        if not self._settings.patience:
            return False
        later = [
            point
            for point in self.curve
            if point.validation_loss is not None and point.step > self.best_step
        ]
        return len(later) >= self._settings.patience

    def _one_step(self, passes: Sequence[Pass]) -> float:
        """One update from all ``passes``; this process runs its share. Nats a token."""
        settings, devices = self._settings, self._devices
        rate = settings.rate(self.step)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        # Dropout's draws are a function of the step: a resumed training draws the same.
        draw = (settings.seed * 1_000_003 + self.step) * devices.processes + devices.place
        torch.manual_seed(draw % 2**31)
        self._optimizer.zero_grad(set_to_none=True)
        total = sum(one.reply_tokens for one in passes)
        mine = passes[devices.place :: devices.processes]
        value = 0.0
        for place, one in enumerate(mine):
            last = place == len(mine) - 1
            with nullcontext() if last else devices.unsynchronised(self._shared):
                loss = self._nats(self._shared, one) * (one.reply_tokens / total)
                value += float(loss.detach())
                # The processes' gradients are averaged, and are to be summed.
                devices.backward(loss * devices.processes if devices.processes > 1 else loss)
        (value,) = devices.total([value])
        self._finite("loss", value, self.step + 1)
        norm = float(torch.nn.utils.clip_grad_norm_(self._named.values(), settings.clip_norm))
        # Clipping by an infinite norm gives NaN: the step would spoil every weight.
        self._finite("gradient's norm", norm, self.step + 1)
        self._optimizer.step()
        return value

    def _nats(self, module: nn.Module, one: Pass) -> Tensor:
        inputs: Inputs = one.inputs(self._lessons.pad)
        there = (None if part is None else part.to(self._devices.device) for part in inputs)
        loss: Tensor = module(*there)
        return loss

    @torch.no_grad()
    def validation_loss(self) -> float | None:
        """Mean nats a reply token over the validation examples; ``None`` without any."""
        if not self._lessons.validation:
            return None
        self._model.eval()
        nats = tokens = 0.0
        for one in self._lessons.validation[self._devices.place :: self._devices.processes]:
            # Not the shared module: the processes may have unequal numbers of passes.
            nats += float(self._nats(self._alone, one)) * one.reply_tokens
            tokens += one.reply_tokens
        self._model.train()
        nats, tokens = self._devices.total([nats, tokens])
        return nats / tokens

    def _finite(self, what: str, value: float, step: int) -> None:
        if not math.isfinite(value):
            raise Refused(
                f"the {what} is {value} at step {step}: the training diverged.",
                mend=f"Lower {self._settings.section}.learning_rate in params.yaml.",
            )

    # ------------------------------------------------------------ the curve and the best

    def _point(self, since: _Since, *, validate: bool) -> CurvePoint:
        spent = self._clock() - since.began_seconds
        room = self._lessons.room_tokens
        return CurvePoint(
            self.step,
            sum(since.losses) / len(since.losses),
            self._settings.rate(self.step - 1),
            self.validation_loss() if validate else None,
            since.tokens / (room * since.passes) if room else None,
            since.tokens / spent if spent > 0 else None,
        )

    def _note(self, point: CurvePoint) -> None:
        if point.validation_loss is not None:
            self._finite("validation loss", point.validation_loss, point.step)
        self.curve.append(point)
        if self._settings.patience is not None and self.best_step == point.step:
            self._best = _copied(self._named)

    def _take_best(self) -> None:
        with torch.no_grad():
            for name, tensor in self._best.items():
                self._named[name].copy_(tensor)

    # ------------------------------------------------------------ saving and resuming

    def resume(self) -> bool:
        """Load the newest sound state of this recipe; ``False`` when there is none."""
        found = newest_state(self._folder, self._recipe)
        if found is None:
            return False
        self._take(*found)
        return True

    def _take(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self._named.items():
                parameter.copy_(tensors[f"weight/{name}"])
                self._optimizer.state[parameter] = {
                    "step": tensors[f"step/{name}"],
                    "exp_avg": tensors[f"first/{name}"].to(parameter.device),
                    "exp_avg_sq": tensors[f"second/{name}"].to(parameter.device),
                }
        self.step = int(facts["step"])
        self.curve = [CurvePoint(**point) for point in facts["curve"]]
        if self._settings.patience is not None:
            kind = "weight" if self.best_step == self.step else "best"
            self._best = {name: tensors[f"{kind}/{name}"] for name in self._named}

    def save(self) -> None:
        """Write the state so that either the old or the new one is there, never a half; the
        main process does. Raises ``StorageFull``."""
        if not self._devices.main:
            return
        tensors: dict[str, Tensor] = {}
        for name, parameter in self._named.items():
            state = self._optimizer.state[parameter]
            tensors[f"weight/{name}"] = _copy(parameter)
            tensors[f"step/{name}"] = _copy(state["step"])
            tensors[f"first/{name}"] = _copy(state["exp_avg"])
            tensors[f"second/{name}"] = _copy(state["exp_avg_sq"])
            if self._settings.patience is not None and self.best_step != self.step:
                tensors[f"best/{name}"] = self._best[name]
        facts = {
            "recipe": self._recipe,
            "step": self.step,
            "curve": [asdict(point) for point in self.curve],
        }
        write_state(self._folder, self.step, facts, tensors)


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True)


def _copied(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: _copy(tensor) for name, tensor in named.items()}
