"""How a version lies inside a bento: one BentoML model with the checkpoint and its facts.

The model's folder holds ``version.json`` (``contracts.models.VersionFacts``) and
``checkpoint/``. The facts travel beside the weights, inside the export, so that serving
needs neither an argument nor a store. Knows neither torch nor BentoML.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from contracts.errors import CheckpointInvalid
from contracts.faults import first_fault
from contracts.models import VersionFacts
from mcq.checkpoint import check_digest

MODEL_ALIAS: Final = "checkpoint"
"""Under this alias the service finds the model, whatever its tag."""

VERSION_FILE: Final = "version.json"
CHECKPOINT_FOLDER: Final = "checkpoint"


def read_version(folder: Path) -> VersionFacts:
    """The facts packed in a model's folder. Raises ``CheckpointInvalid``."""
    path = folder / VERSION_FILE
    try:
        return VersionFacts.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        reason = f"{VERSION_FILE} cannot be read ({first_fault(error)})"
        raise CheckpointInvalid(folder, reason) from error
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointInvalid(folder, f"{VERSION_FILE} cannot be read ({error})") from error


def check_packed(folder: Path) -> VersionFacts:
    """The facts, when the checkpoint beside them is, byte for byte, the recorded one.

    Raises ``CheckpointInvalid`` or ``DigestMismatch``.
    """
    facts = read_version(folder)
    check_digest(folder / CHECKPOINT_FOLDER, facts.digest)
    return facts
