"""What the registry needs of a store of versions, and its shipped in-memory twin.

MLflow is the real one (``mlflow_versions``). The twin behaves alike, is as strict, and
passes the same contract tests; tests of the moves use it, and so may users.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from pydantic import Field

from contracts.errors import ModelNotFound, RunNotFound, VersionNotFound
from contracts.shape import Shape

DIGEST_TAG: Final = "proctor.digest"
# Of an evaluation's run: the checkpoint that it examined, and on which questions.
EXAMINED_TAG: Final = "digest"
SUITE_TAG: Final = "suite_digest"


class RunFacts(Shape):
    """What a run says of itself; ``params`` and ``tags`` as text, as the store keeps them."""

    run_id: str
    experiment_id: str
    name: str
    params: dict[str, str]
    tags: dict[str, str] = Field(default_factory=dict)


class VersionStore(Protocol):
    """Versions of models, with tags that are set when they are made, and aliases.

    Every method may raise ``TrackingAway``."""

    def check_run(self, run_id: str) -> None:
        """Raises ``RunNotFound``."""
        ...

    def create(self, model: str, model_uri: str, tags: Mapping[str, str]) -> str:
        """Register ``model_uri``; the new version's number. Raises ``RunNotFound`` when
        there is no such logged model."""
        ...

    def models(self) -> list[str]:
        """Models that have a version with our digest tag, in order of name."""
        ...

    def tags(self, model: str) -> dict[str, dict[str, str]]:
        """Tags of every version, by number; empty for an unknown model."""
        ...

    def aliases(self, model: str) -> dict[str, str]:
        """Alias to version number; empty for an unknown model."""
        ...

    def set_alias(self, model: str, alias: str, version: str | None) -> None:
        """Point ``alias`` to ``version``, or remove it. Raises ``VersionNotFound``."""
        ...

    def fetch(self, model_uri: str, folder: Path) -> Path:
        """Copy the checkpoint of a logged model below ``folder``; its path."""
        ...

    def records(self, run_id: str) -> bytes:
        """The per-question records of an evaluation run. Raises ``RunNotFound``."""
        ...

    def run_facts(self, run_id: str) -> RunFacts:
        """Raises ``RunNotFound``."""
        ...

    def descriptions(self, model: str, version: str) -> tuple[str, str]:
        """Of the model and of its version; empty where there is none. Raises
        ``VersionNotFound``."""
        ...

    def describe(self, model: str, version: str | None, text: str) -> None:
        """Set the description of a version, or of the model itself. Raises
        ``VersionNotFound``, ``ModelNotFound``."""
        ...


class MemoryVersions:
    """The in-memory twin. ``checkpoints``: model URI to a folder; ``runs``: evaluation or
    training run to its records; ``run_tags``: run to what it says of itself."""

    def __init__(
        self,
        checkpoints: Mapping[str, Path] | None = None,
        runs: Mapping[str, bytes] | None = None,
        run_tags: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.checkpoints = dict(checkpoints or {})
        self.runs = dict(runs or {})
        self.run_tags = {run: dict(tags) for run, tags in (run_tags or {}).items()}
        self._tags: dict[str, dict[str, dict[str, str]]] = {}
        self._aliases: dict[str, dict[str, str]] = {}
        self._descriptions: dict[tuple[str, str | None], str] = {}

    def check_run(self, run_id: str) -> None:
        if run_id not in self.runs:
            raise RunNotFound(run_id, "memory")

    def create(self, model: str, model_uri: str, tags: Mapping[str, str]) -> str:
        if model_uri not in self.checkpoints:
            raise RunNotFound(model_uri, "memory")
        versions = self._tags.setdefault(model, {})
        number = str(len(versions) + 1)
        versions[number] = dict(tags)
        return number

    def models(self) -> list[str]:
        return sorted(
            model
            for model, versions in self._tags.items()
            if any(DIGEST_TAG in tags for tags in versions.values())
        )

    def tags(self, model: str) -> dict[str, dict[str, str]]:
        return {number: dict(tags) for number, tags in self._tags.get(model, {}).items()}

    def aliases(self, model: str) -> dict[str, str]:
        return dict(self._aliases.get(model, {}))

    def set_alias(self, model: str, alias: str, version: str | None) -> None:
        if version is not None:
            self._check_version(model, version)
        if model not in self._tags:
            raise ModelNotFound(model)
        aliases = self._aliases.setdefault(model, {})
        aliases.pop(alias, None)
        if version is not None:
            aliases[alias] = version

    def fetch(self, model_uri: str, folder: Path) -> Path:
        if model_uri not in self.checkpoints:
            raise RunNotFound(model_uri, "memory")
        source, target = self.checkpoints[model_uri], folder / "checkpoint"
        return Path(shutil.copytree(source, target, dirs_exist_ok=True))

    def records(self, run_id: str) -> bytes:
        self.check_run(run_id)
        return self.runs[run_id]

    def run_facts(self, run_id: str) -> RunFacts:
        self.check_run(run_id)
        tags = dict(self.run_tags.get(run_id, {}))
        return RunFacts(run_id=run_id, experiment_id="0", name=run_id, params={}, tags=tags)

    def descriptions(self, model: str, version: str) -> tuple[str, str]:
        self._check_version(model, version)
        found = self._descriptions
        return found.get((model, None), ""), found.get((model, version), "")

    def describe(self, model: str, version: str | None, text: str) -> None:
        if version is not None:
            self._check_version(model, version)
        if model not in self._tags:
            raise ModelNotFound(model)
        self._descriptions[model, version] = text

    def _check_version(self, model: str, version: str) -> None:
        if version not in self._tags.get(model, {}):
            raise VersionNotFound(model, version)
