from __future__ import annotations

import pytest
import torch
from torch import nn

from training.devices import Accelerated, Devices, OneDevice, is_main_process, launched_processes


@pytest.mark.parametrize("make", [OneDevice, Accelerated])
def test_alone_there_is_nothing_to_agree_upon(make: type[Devices]) -> None:
    devices = make()
    assert (devices.processes, devices.place, devices.main) == (1, 0, True)
    assert devices.total([1.5, 2.0]) == [1.5, 2.0]
    assert devices.told_by_main("word") == "word"


@pytest.mark.parametrize("make", [OneDevice, Accelerated])
def test_a_backward_pass_is_torchs_own(make: type[Devices]) -> None:
    devices = make()
    torch.manual_seed(1)
    plain = nn.Linear(3, 1)
    module = devices.prepared(plain)
    with devices.unsynchronised(module):
        devices.backward(module(torch.ones(2, 3, device=devices.device)).sum())
    assert plain.weight.grad is not None
    assert plain.weight.grad.tolist() == [[2.0, 2.0, 2.0]]


def test_a_launcher_says_how_many_and_which(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    assert (launched_processes(), is_main_process()) == (1, True)
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    assert (launched_processes(), is_main_process()) == (4, False)
