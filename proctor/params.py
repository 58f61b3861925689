"""Reads ``params.yaml`` into ``contracts.params.Params``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.digests import digest_of_file
from contracts.errors import BadInput, BadParams
from contracts.faults import dotted, every_fault, told
from contracts.params import (
    Device,
    EvaluateParams,
    FinetuneParams,
    Orders,
    Params,
    Precision,
    ScratchProfile,
)
from proctor.strict_yaml import parse_yaml

DEFAULT_PATH = Path("params.yaml")


@dataclass(frozen=True)
class EvaluateOptions:
    """What a command line says in place of the file's section ``evaluate``; ``None`` where it
    says nothing. The fields have the names of the section's keys."""

    suite: str | None = None
    max_questions: int | None = None
    orders: Orders | None = None
    precision: Precision | None = None
    device: Device | None = None


def load_params(path: Path = DEFAULT_PATH) -> Params:
    """Raises ``BadParams`` naming the file, the key and what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadParams(str(path), "there is no such file.") from error
    except UnicodeDecodeError as error:
        raise BadParams(str(path), f"not YAML: {error}") from error
    return checked_params(parse_yaml(text, lambda reason: BadParams(str(path), reason)), path)


def checked_params(raw: Any, path: Path) -> Params:
    """``raw``, as YAML gave it, as params. Raises ``BadParams`` in the name of ``path``."""
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        faults = every_fault(error, place=lambda loc: _key(loc) or "file", words=_words)
        raise BadParams(str(path), "; ".join(faults) + ".") from error


def with_options(params: Params, options: EvaluateOptions) -> Params:
    """``params`` with what the options say of ``evaluate``. Raises ``BadParams`` naming the
    option."""
    given = {name: value for name, value in asdict(options).items() if value is not None}
    try:
        changed = EvaluateParams.model_validate(params.evaluate.model_dump() | given)
    except ValidationError as error:
        faults = every_fault(error, place=lambda loc: f"--{dotted(loc).replace('_', '-')}")
        raise BadParams("the command line", "; ".join(faults) + ".") from error
    return params.model_copy(update={"evaluate": changed})


def chosen_profile(params: Params) -> dict[str, Any]:
    """What decides which model is trained, besides ``train``: the chosen profile and, unless
    it is from scratch, how it is fine-tuned, with the digest of the replies that are learned.
    The pipeline's train stage depends on this. Raises ``BadInput`` without their file."""
    profile = params.profiles[params.train.profile]
    tuning = None if isinstance(profile, ScratchProfile) else params.finetune
    return {
        "name": params.train.profile,
        "profile": profile.model_dump(mode="json"),
        "finetune": None if tuning is None else tuning.model_dump(mode="json"),
        "replies": None if tuning is None else _replies_digest(tuning),
    }


def _replies_digest(tuning: FinetuneParams) -> str | None:
    """Of the file's bytes; ``None`` where no replies are learned."""
    if tuning.method == "none" or tuning.replies != "reasoned":
        return None
    path = Path(tuning.replies_file or "")
    if not path.is_file():
        raise BadInput(
            f"{path}: there is no such file.", mend="Set finetune.replies_file in params.yaml."
        )
    return digest_of_file(path)


def _key(place: tuple[int | str, ...]) -> str:
    """The key as the file has it: pydantic puts a profile's ``source`` behind its name."""
    if len(place) > 2 and place[0] == "profiles":  # noqa: PLR2004 - profiles, name, source
        place = (*place[:2], *place[3:])
    return dotted(place)


def _words(fault: Mapping[str, Any]) -> str:
    return "unknown key" if fault["type"] == "extra_forbidden" else told(fault)
