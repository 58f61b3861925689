"""Where a training runs: one device, or several processes with a device each.

``OneDevice`` is the plain case. ``Accelerated`` is accelerate's: a GPU where there is one,
and under ``accelerate launch`` or ``torchrun`` data parallel over their processes (NCCL on
GPUs, gloo on CPUs), each with its share of every step's passes. The loop asks no more of
either than ``Devices`` says. The one file that imports accelerate.

Source: https://huggingface.co/docs/accelerate/concept_guides/gradient_synchronization
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")


def launched_processes() -> int:
    """How many processes a launcher started for this training; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Whether this process is the one that logs and saves; True without a launcher."""
    return int(os.environ.get("RANK", "0")) == 0


class Devices(Protocol):
    """What the loop needs to know of where it runs. ``processes`` train together, this is
    number ``place``, and place 0 (``main``) alone logs and saves."""

    processes: int
    place: int
    device: torch.device

    @property
    def main(self) -> bool: ...

    def prepared(self, module: nn.Module) -> nn.Module:
        """``module`` on the device, its gradients averaged over the processes."""
        ...

    def unsynchronised(self, module: nn.Module) -> AbstractContextManager[None]:
        """A block whose backward passes stay in this process: all but a step's last."""
        ...

    def backward(self, loss: Tensor) -> None: ...

    def total(self, values: Sequence[float]) -> list[float]:
        """Each value summed over the processes, the same in all of them."""
        ...

    def told_by_main(self, value: T) -> T:
        """What the main process holds; the others wait for it and ignore their own."""
        ...


class OneDevice:
    """One process, one device; nothing to agree upon."""

    processes = 1
    place = 0
    main = True

    def __init__(self, device: str = "cpu") -> None:
        self.device = torch.device(device)

    def prepared(self, module: nn.Module) -> nn.Module:
        return module.to(self.device)

    def unsynchronised(self, module: nn.Module) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def backward(self, loss: Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]

    def total(self, values: Sequence[float]) -> list[float]:
        return list(values)

    def told_by_main(self, value: T) -> T:
        return value


class Accelerated:
    """What accelerate finds: a GPU or the CPU, alone or among the launched processes."""

    def __init__(self) -> None:
        from accelerate import Accelerator

        # Precision is the loop's affair: the loss is computed under its own autocast.
        self._accelerator: Any = Accelerator(
            cpu=not torch.cuda.is_available(), mixed_precision="no"
        )
        self.processes = int(self._accelerator.num_processes)
        self.place = int(self._accelerator.process_index)
        self.device: torch.device = self._accelerator.device

    @property
    def main(self) -> bool:
        return self.place == 0

    def prepared(self, module: nn.Module) -> nn.Module:
        ready: nn.Module = self._accelerator.prepare(module)
        return ready

    def unsynchronised(self, module: nn.Module) -> AbstractContextManager[None]:
        block: AbstractContextManager[None] = self._accelerator.no_sync(module)
        return block

    def backward(self, loss: Tensor) -> None:
        self._accelerator.backward(loss)

    def total(self, values: Sequence[float]) -> list[float]:
        mine = torch.tensor(list(values), dtype=torch.float64, device=self.device)
        summed: list[float] = self._accelerator.reduce(mine, reduction="sum").tolist()
        return summed

    def told_by_main(self, value: T) -> T:
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]  # type: ignore[no-any-return]
