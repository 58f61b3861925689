"""A base: a local Hugging Face folder that is complete and brings no code.

Complete means ``config.json``, ``tokenizer.json``, a chat template, and every file of
weights as safetensors. A configuration with ``auto_map`` asks for Python code of its own
repository to be run: such a base is refused, wherever it comes from.

Source: https://huggingface.co/docs/transformers/custom_models (auto_map).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.errors import BaseInvalid, CheckpointInvalid
from contracts.models import ScoringMethod
from mcq.checkpoint import weight_files

CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
TOKENIZER_CONFIG: Final = "tokenizer_config.json"
CHAT_TEMPLATE: Final = "chat_template.jinja"


@dataclass(frozen=True)
class Base:
    """A model to start from.

    ``name`` is its profile's, ``folder`` where it lies (not to be written to), ``digest`` of
    every file in it that is not hidden, ``origin`` flat facts for a run's tags: ``source``,
    and then ``repository`` and ``revision``, or ``package``, ``version`` and ``sha256``, or
    ``path``.
    """

    name: str
    scoring: ScoringMethod
    folder: Path
    digest: str
    origin: Mapping[str, str]


def check_base(name: str, folder: Path) -> None:
    """Raises ``BaseInvalid`` unless ``folder`` is complete and brings no code."""
    if not folder.is_dir():
        raise BaseInvalid(name, folder, "there is no such folder")
    if missing := missing_parts(folder):
        raise BaseInvalid(name, folder, f"it lacks {', '.join(missing)}")
    check_config(name, folder)


def missing_parts(folder: Path) -> list[str]:
    """What ``folder`` lacks to be a base: names of files, and of what stands in files."""
    missing = [part for part in (CONFIG, TOKENIZER) if not (folder / part).is_file()]
    try:
        weight_files(folder)
    except CheckpointInvalid as error:
        missing.append(error.reason.removesuffix(" is missing"))
    if not (folder / CHAT_TEMPLATE).is_file() and not _template_in_config(folder):
        missing.append(f"a chat template ({CHAT_TEMPLATE}, or chat_template in {TOKENIZER_CONFIG})")
    return missing


def check_config(name: str, folder: Path) -> None:
    """Raises ``BaseInvalid`` for a configuration that cannot be read or wants code run."""
    config = _read_json(name, folder, CONFIG)
    if "auto_map" in config:
        raise BaseInvalid(name, folder, f"{CONFIG} has auto_map: it wants its own code run")


def _template_in_config(folder: Path) -> bool:
    try:
        config = json.loads((folder / TOKENIZER_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and bool(config.get("chat_template"))


def _read_json(name: str, folder: Path, part: str) -> dict[str, Any]:
    try:
        value = json.loads((folder / part).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaseInvalid(name, folder, f"{part} cannot be read ({error})") from error
    if not isinstance(value, dict):
        raise BaseInvalid(name, folder, f"{part} is no JSON object")
    return value
