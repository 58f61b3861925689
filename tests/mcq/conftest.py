from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkpoints import make_tiny_checkpoint


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder with random weights and a context of 256 tokens; do not write."""
    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    make_tiny_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def letter_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ``tiny_checkpoint``, scored by letter, with a context of 2,048 tokens."""
    folder = tmp_path_factory.mktemp("letter") / "checkpoint"
    make_tiny_checkpoint(folder, scoring="letter", context_tokens=2_048)
    return folder
