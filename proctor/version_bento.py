"""The bento of a registered version: built when it is missing, and recorded in the ledger."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bentos.build import BuiltBento, build_bento
from bentos.serving import unpacked
from contracts.errors import BentoInvalid, DigestMismatch
from proctor.settings import Settings
from registry.registry import Registry
from registry.state import VersionRecord


def bento_path(settings: Settings, record: VersionRecord) -> Path:
    """Where the local stack keeps a version's bento."""
    return settings.home / "bentos" / f"{record.model}-{record.version}.bento"


def build_version_bento(
    registry: Registry, settings: Settings, record: VersionRecord, out: Path
) -> BuiltBento:
    """Fetch the checkpoint (its digest is checked), build, export to ``out``, record."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="fetch-") as scratch:
        checkpoint = registry.fetch(record, Path(scratch))
        built = build_bento(checkpoint, record.facts(), bento_home=settings.bento_home, out=out)
    registry.record_bento(record, tag=built.tag, digest=built.digest)
    return built


def version_bento(registry: Registry, settings: Settings, record: VersionRecord) -> BuiltBento:
    """The version's bento in the local stack's folder, built unless it is there and whole."""
    path = bento_path(settings, record)
    if record.bento is not None and path.is_file():
        try:
            unpacked(path, settings.home, expected_digest=record.bento.digest)
        except (BentoInvalid, DigestMismatch):
            # Of other code, or damaged: what is registered can always be built anew.
            path.unlink()
        else:
            return BuiltBento(record.bento.tag, record.bento.digest, path)
    return build_version_bento(registry, settings, record, path)
