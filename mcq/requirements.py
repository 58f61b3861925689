"""What the scorer needs where it serves, at the versions that are installed here.

A logged model and a bento carry ``mcq`` along and name these beside what they add themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

SCORED_WITH: Final = ("pydantic", "safetensors", "tokenizers", "torch", "transformers")
"""What ``mcq.scorer`` imports, directly or through transformers' loaders."""


def pinned_requirements(packages: Sequence[str]) -> list[str]:
    """As in ``torch==2.13.0``. A local suffix (``+cpu``) names a build and no release, so no
    index has it: it is left out. Raises ``PackageNotFoundError`` for what is not installed."""
    return [f"{name}=={version(name).partition('+')[0]}" for name in packages]
