"""From the name of a profile to a ``Base``: the one door to weights that exist already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.errors import BadInput
from contracts.params import FolderProfile, Profile, ScratchProfile
from training.bases.folder import Base, base_in


def resolve(name: str, profiles: Mapping[str, Profile], *, home: Path) -> Base:  # noqa: ARG001
    """The base of profile ``name``: a folder on this machine, fetched when it is not there.

    ``home`` is PROCTOR_HOME: what is fetched is kept below ``home/models``. A second call
    fetches nothing. Raises ``BadInput`` for an unknown profile and for one from scratch,
    ``BaseInvalid`` for weights that cannot be used.
    """
    profile = profiles.get(name)
    if profile is None:
        raise BadInput(f"there is no profile {name}; known: {', '.join(sorted(profiles))}.")
    if isinstance(profile, ScratchProfile):
        raise BadInput(
            f"profile {name} is trained from scratch: it has no base.",
            mend="`proctor train` trains it as it is.",
        )
    if isinstance(profile, FolderProfile):
        path = Path(profile.path)
        return base_in(name, profile.scoring, path, {"source": "folder", "path": profile.path})
    raise BadInput(f"profile {name}: source {profile.source} is not known here.")
