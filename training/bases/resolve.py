"""From the name of a profile to a ``Base``: the one door to weights that exist already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contracts.digests import digest_of_folder
from contracts.errors import BadInput
from contracts.models import ScoringMethod
from contracts.params import BaseProfile, FolderProfile, HubProfile, Profile, ScratchProfile
from training.bases import hub, package
from training.bases.folder import Base, check_base, missing_parts
from training.bases.store import is_kept, kept, place_of


def resolve(name: str, profiles: Mapping[str, Profile], *, home: Path) -> Base:
    """The base of profile ``name``: a folder on this machine, fetched when it is not there.

    ``home`` is PROCTOR_HOME: what is fetched is kept below ``home/models``. A second call
    fetches nothing and checks the recorded digest. Raises ``BadInput`` for an unknown profile
    and for one from scratch, ``HubAway`` or ``IndexAway`` within seconds when a source cannot
    be reached, ``BaseNotFound`` when it has no such thing, ``BaseInvalid`` for what cannot be
    used, ``DigestMismatch`` for bytes that are not the recorded ones, ``StorageFull``.
    """
    profile = base_profile(name, profiles)
    if isinstance(profile, FolderProfile):
        folder = Path(profile.path)
        origin = {"source": "folder", "path": profile.path}
        check_base(name, folder)
        digest = digest_of_folder(folder, hidden=False)
    elif isinstance(profile, HubProfile):
        others = works_offline(profiles, home, index=True)
        origin = hub.identity_of(profile)
        folder, digest = kept(
            place_of(home, name, origin),
            lambda target: hub.fetch_hub(name, profile, target, works_offline=others),
        )
    else:
        others = works_offline(profiles, home, index=False)
        origin = package.origin_of(profile)
        folder, digest = kept(
            place_of(home, name, package.identity_of(profile)),
            lambda target: package.fetch_package(name, profile, target, works_offline=others),
        )
    return Base(name, profile.scoring, folder, digest, origin)


def base_profile(name: str, profiles: Mapping[str, Profile]) -> BaseProfile:
    """Profile ``name``. Raises ``BadInput`` when there is none, and for one from scratch."""
    profile = profiles.get(name)
    if profile is None:
        raise BadInput(f"there is no profile {name}; known: {', '.join(sorted(profiles))}.")
    if isinstance(profile, ScratchProfile):
        raise BadInput(
            f"profile {name} is trained from scratch: it has no base.",
            mend="`proctor train` trains it as it is.",
        )
    return profile


@dataclass(frozen=True)
class Availability:
    """A profile as it stands on this machine.

    ``here``: nothing needs to be fetched. ``offline``: it works without any network now.
    ``origin`` is for people: a repository at a commit, a release, a path.
    """

    name: str
    source: Literal["scratch", "hub", "package", "folder"]
    scoring: ScoringMethod
    origin: str
    here: bool
    offline: bool


def availability(profiles: Mapping[str, Profile], *, home: Path) -> list[Availability]:
    """Every profile, in the order of ``params.yaml``. Asks no server and reads no weights."""
    return [_available(name, profile, home) for name, profile in profiles.items()]


def _available(name: str, profile: Profile, home: Path) -> Availability:
    if isinstance(profile, ScratchProfile):
        return Availability(name, profile.source, profile.scoring, "train.seed", True, True)
    if isinstance(profile, FolderProfile):
        here = not missing_parts(Path(profile.path))
        return Availability(name, profile.source, profile.scoring, profile.path, here, here)
    if isinstance(profile, HubProfile):
        here = is_kept(place_of(home, name, hub.identity_of(profile)))
        offline = here or hub.cached_snapshot(profile) is not None
        origin = f"{profile.repository}@{profile.revision[:12]}"
        return Availability(name, profile.source, profile.scoring, origin, here, offline)
    here = is_kept(place_of(home, name, package.identity_of(profile)))
    origin = f"{profile.package}=={profile.version}"
    return Availability(name, profile.source, profile.scoring, origin, here, here)


def works_offline(profiles: Mapping[str, Profile], home: Path, *, index: bool) -> str:
    """For people: the profiles that work on this machine without any network and, where the
    package ``index`` may answer, those that it gives."""
    found = availability(profiles, home=home)
    here = [one.name for one in found if one.offline]
    more = [one.name for one in found if index and one.source == "package" and not one.offline]
    told = f"Profiles that work offline: {', '.join(here) or 'none'}"
    return f"{told}; from the package index: {', '.join(more)}." if more else f"{told}."
