"""What libraries of a worker read from the environment, unless somebody said otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

QUIET: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Waiting threads of libgomp otherwise burn the cores that the working ones need.
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
)
