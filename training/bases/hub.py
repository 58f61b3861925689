"""Weights of the Hugging Face hub, at one commit, as safetensors, without their code.

The one file that speaks to the hub. A probe that does not retry comes first, so that a hub
that is away is told in seconds (huggingface_hub itself retries for 23); then the
configuration, so that a model that wants code run is refused before its weights are
fetched; then the snapshot. Downloads land in the hub's own cache (``HF_HOME``), where they
resume and are shared with other programs; the base links to them.

``HF_ENDPOINT`` names a mirror, ``HF_TOKEN`` opens gated models, ``HF_HUB_OFFLINE=1`` forbids
asking. Source: https://huggingface.co/docs/huggingface_hub/guides/download
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from contracts.errors import BaseNotFound, HubAway, ProctorError
from contracts.params import HubProfile
from training.bases.folder import CONFIG, check_base, check_config, missing_parts
from training.bases.links import link_file

_PROBE_SECONDS: Final = 5.0
FILES: Final = (
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "LICENSE*",
)
"""What a base is made of; the rest of a repository (other formats, pictures) stays there."""


def identity_of(profile: HubProfile) -> dict[str, str]:
    """What decides the bytes."""
    return {
        "source": profile.source,
        "repository": profile.repository,
        "revision": profile.revision,
    }


def fetch_hub(name: str, profile: HubProfile, target: Path, *, works_offline: str) -> None:
    """Link the files of ``profile`` into ``target``, fetched if they must be.

    ``works_offline`` is for the message of ``HubAway``. Raises ``HubAway``,
    ``BaseNotFound``, ``BaseInvalid``.
    """
    away = _why_away(name, profile)
    if away is None:
        snapshot = _download(name, profile, works_offline)
    else:
        cached = cached_snapshot(profile)
        if cached is None:
            raise _away(name, profile, away, works_offline)
        snapshot = cached
    check_base(name, snapshot)
    for path in sorted(snapshot.iterdir()):
        if path.is_file() and any(fnmatch(path.name, pattern) for pattern in FILES):
            link_file(path, target / path.name)


def cached_snapshot(profile: HubProfile) -> Path | None:
    """The snapshot in the hub's cache, when it is complete; asks nobody."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                profile.repository,
                revision=profile.revision,
                allow_patterns=list(FILES),
                ignore_patterns=["*/*"],
                local_files_only=True,
            )
        )
    except LocalEntryNotFoundError:
        return None
    return None if missing_parts(folder) else folder


def _why_away(name: str, profile: HubProfile) -> str | None:
    """``None`` when the hub answers, else why it does not. Raises ``BaseNotFound``."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import OfflineModeIsEnabled

    url = hf_hub_url(profile.repository, CONFIG, revision=profile.revision)
    try:
        get_hf_file_metadata(url, timeout=_PROBE_SECONDS)
    except OfflineModeIsEnabled:
        return "HF_HUB_OFFLINE forbids asking it"
    except Exception as error:  # noqa: BLE001 - of an HTTP library that is the hub's own affair
        _refuse_if_not_found(name, profile, error)
        return _reason(error)
    return None


def _download(name: str, profile: HubProfile, works_offline: str) -> Path:
    from huggingface_hub import hf_hub_download, snapshot_download

    try:
        config = hf_hub_download(
            profile.repository, CONFIG, revision=profile.revision, etag_timeout=_PROBE_SECONDS
        )
        check_config(name, Path(config).parent)
        return Path(
            snapshot_download(
                profile.repository,
                revision=profile.revision,
                allow_patterns=list(FILES),
                ignore_patterns=["*/*"],
            )
        )
    except ProctorError:
        raise
    except Exception as error:
        # The hub's own errors are OSErrors without a number; one with a number that is no
        # broken connection is the disk's.
        if isinstance(error, OSError) and error.errno and not isinstance(error, ConnectionError):
            raise
        _refuse_if_not_found(name, profile, error)
        raise _broken_off(name, profile, error, works_offline) from error


def _broken_off(name: str, profile: HubProfile, error: Exception, works_offline: str) -> HubAway:
    reason = f"{_reason(error)}, while it sent the files; what came is kept for the next try"
    return _away(name, profile, reason, works_offline)


def _away(name: str, profile: HubProfile, reason: str, works_offline: str) -> HubAway:
    from huggingface_hub import constants

    return HubAway(
        f"profile {name}: {profile.repository}",
        constants.ENDPOINT,
        reason,
        mend=f"{works_offline} HF_ENDPOINT names a mirror;"
        " docs/models.md tells how to bring a model over by hand.",
    )


def _refuse_if_not_found(name: str, profile: HubProfile, error: Exception) -> None:
    """The hub answered, and has no such thing or does not give it."""
    from huggingface_hub.errors import (
        GatedRepoError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    what = f"{profile.repository} at {profile.revision[:12]}"
    if isinstance(error, GatedRepoError):
        raise BaseNotFound(name, what, "it is gated: ask for access and set HF_TOKEN") from error
    if isinstance(error, RepositoryNotFoundError):
        raise BaseNotFound(name, what, "the hub has no such repository, or hides it") from error
    if isinstance(error, RevisionNotFoundError):
        raise BaseNotFound(name, what, "the repository has no such commit") from error
    if isinstance(error, RemoteEntryNotFoundError):
        raise BaseNotFound(name, what, f"it has no {CONFIG}") from error


def _reason(error: Exception) -> str:
    """The first line of what the library says, without its advice."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code}"
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
