from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.checkpoints import make_tiny_checkpoint


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny Qwen2 of random weights: what is fine-tuned here."""
    folder = tmp_path_factory.mktemp("bases") / "tiny"
    make_tiny_checkpoint(folder, context_tokens=2048)
    return folder


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
