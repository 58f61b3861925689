"""Models: how a registered version is named, and what a checkpoint says of itself."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints

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


class JudgedBy(Shape):
    """The examination that a version was registered on: the suite, what was right of it
    (``accuracy``, with its interval of ``level``), and the gate's ``rule``."""

    suite_digest: Digest
    evaluation_run_id: str
    verdict_digest: Digest
    rule: str
    accuracy: float = Field(ge=0.0, le=1.0)
    lower: float = Field(ge=0.0, le=1.0)
    upper: float = Field(ge=0.0, le=1.0)
    level: float = Field(gt=0.0, lt=1.0)


class VersionFacts(Shape):
    """A registered version as a server of answers knows it, and as a bento carries it.

    ``template``: of ``mcq.prompts``, by which it is asked; ``None`` where only the checkpoint
    knows. ``temperature``: what its probabilities are divided by, in the logarithm, before they
    are told (arXiv:1706.04599, section 4.2); ``None`` where none was fitted, and they are told
    as they are. No answer's letter depends on it.
    ``from_scratch``: its weights were drawn from a seed, so that it has never learned to write;
    ``None`` where that was not recorded.
    """

    model: ModelName
    version: str
    digest: Digest
    run_id: str
    commit: str
    scoring: ScoringMethod
    from_scratch: bool | None = None
    template: str | None = None
    temperature: float | None = Field(default=None, gt=0.0)
    judged_by: JudgedBy | None = None
