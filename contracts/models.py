"""Models: how a registered version is named, and what a checkpoint says of itself."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import StringConstraints

from contracts.errors import BadReference
from contracts.shape import Shape

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
Alias = Literal["champion", "challenger"]

ScoringMethod = Literal["text", "letter"]
"""``text``: likelihood of each choice's text; ``letter``: probability of each letter."""

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,99}$")]

_REFERENCE = re.compile(r"^([a-z0-9][a-z0-9_.-]{0,99})(?:/([1-9][0-9]*)|@(champion|challenger))$")

CHECKPOINT_FACTS_FILE: Final = "proctor.json"


class ModelRef(Shape):
    """A version by number (``coding-mcqa/3``) or by alias (``coding-mcqa@champion``)."""

    name: ModelName
    version: str | None = None
    alias: Alias | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ``BadReference``."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise BadReference(text)
        name, version, alias = found.groups()
        return cls.model_validate({"name": name, "version": version, "alias": alias})

    def __str__(self) -> str:
        return f"{self.name}/{self.version}" if self.version else f"{self.name}@{self.alias}"


class CheckpointFacts(Shape):
    """What ``proctor.json`` in a checkpoint folder says: how this version is asked.

    It travels inside the folder, so that the folder's digest covers it. ``template``
    names a prompt template of ``mcq.prompts``.
    """

    format: Literal[1] = 1
    profile: str
    scoring: ScoringMethod
    template: str


class VersionFacts(Shape):
    """A registered version as a server of answers knows it, and as a bento carries it."""

    model: ModelName
    version: str
    digest: Digest
    run_id: str
    commit: str
    scoring: ScoringMethod
