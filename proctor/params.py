"""Reads ``params.yaml`` into ``contracts.params.Params``: the only place that parses YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from contracts.errors import BadParams
from contracts.faults import dotted, every_fault, told
from contracts.params import Params

DEFAULT_PATH = Path("params.yaml")


def load_params(path: Path = DEFAULT_PATH) -> Params:
    """Raises ``BadParams`` naming the file, the key and what is wrong with it."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadParams(str(path), "there is no such file.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadParams(str(path), f"not YAML: {error}") from error
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        faults = every_fault(error, place=lambda loc: _key(loc) or "file", words=_words)
        raise BadParams(str(path), "; ".join(faults) + ".") from error


def _key(place: tuple[int | str, ...]) -> str:
    """The key as the file has it: pydantic puts a profile's ``source`` behind its name."""
    if len(place) > 2 and place[0] == "profiles":  # noqa: PLR2004 - profiles, name, source
        place = (*place[:2], *place[3:])
    return dotted(place)


def _words(fault: Mapping[str, Any]) -> str:
    return "unknown key" if fault["type"] == "extra_forbidden" else told(fault)
