"""Where fetched bases are kept: ``PROCTOR_HOME/models/<profile>-<key>``.

The key is of what the profile names (repository and revision, package and file), so a
changed profile is another folder. A folder gets its name when everything in it is there, by
one rename, and holds ``model/`` and ``base.json`` with the digest of the former: what was
interrupted leaves nothing under that name, and what was altered since is seen. Two
processes that want the same base fetch it once: the second waits (flock(2)).
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contracts.digests import canonical_json, digest_of_folder, digest_of_json
from contracts.errors import DigestMismatch
from contracts.files import storage_faults

MODEL: Final = "model"
RECORD: Final = "base.json"
_KEY_DIGITS: Final = 12


def place_of(home: Path, name: str, identity: Mapping[str, str]) -> Path:
    """The folder of the base of profile ``name``, whether it is there or not."""
    key = digest_of_json(dict(identity)).removeprefix("sha256:")[:_KEY_DIGITS]
    return home / "models" / f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)}-{key}"


def is_kept(place: Path) -> bool:
    return (place / RECORD).is_file()


def kept(place: Path, fetch: Callable[[Path], None]) -> tuple[Path, str]:
    """The model's folder in ``place`` and its digest; ``fetch`` fills it, if it is not there.

    ``fetch`` gets a folder that does not exist. What it raises passes, and nothing is kept.
    Raises ``DigestMismatch`` when the folder is not as it was recorded, ``StorageFull``.
    """
    if not is_kept(place):
        with storage_faults(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with _locked(place.with_name(f".{place.name}.lock")):
                if not is_kept(place):
                    return place / MODEL, _fill(place, fetch)
    return place / MODEL, _checked(place)


def _fill(place: Path, fetch: Callable[[Path], None]) -> str:
    fresh = place.with_name(f".{place.name}.new")
    # Of a process that was killed; the lock says that nobody is at work there now.
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)
    try:
        fresh.mkdir()
        fetch(fresh / MODEL)
        digest = digest_of_folder(fresh / MODEL)
        (fresh / RECORD).write_text(canonical_json({"digest": digest}) + "\n", encoding="utf-8")
        fresh.rename(place)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return digest


def _checked(place: Path) -> str:
    recorded = str(json.loads((place / RECORD).read_text(encoding="utf-8"))["digest"])
    found = digest_of_folder(place / MODEL)
    if found != recorded:
        raise DigestMismatch(
            f"base {place}",
            expected=recorded,
            found=found,
            mend=f"A file in it was altered after it was fetched: remove {place} and fetch again.",
        )
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
