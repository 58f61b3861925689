"""Exported bentos: unpacking one safely, and the digest of what it holds.

The digest covers the path and the content of every file of an unpacked export, except
byte code and the two kinds of file that only repeat when they were made; of ``bento.yaml``
and of each ``model.yaml`` it covers everything but the ``creation_time`` lines. So it
changes with code, weights, facts, labels and pinned requirements, and two builds of one
version by one environment have the same.

The archive is a tar of any compression. Members that would land outside the folder, links
out of it and devices are refused (PEP 706). Knows no BentoML.
"""

from __future__ import annotations

import lzma
import re
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Final

from bentos.packed import VERSION_FILE
from contracts.digests import digest_of_bytes, digest_of_file, digest_of_json
from contracts.errors import BentoInvalid
from contracts.files import storage_faults

BENTO_FILE: Final = "bento.yaml"
_MODEL_FILE: Final = "model.yaml"
_LATEST_FILE: Final = "latest"  # BentoML's pointer to the newest item of a store
_CREATED: Final = re.compile(rb"^[ \t-]*creation_time:.*\n?", re.MULTILINE)


def _digest_of_part(path: Path) -> str:
    if path.name in {BENTO_FILE, _MODEL_FILE}:
        return digest_of_bytes(_CREATED.sub(b"", path.read_bytes()))
    return digest_of_file(path)


def bento_digest(folder: Path) -> str:
    """Digest of an unpacked export; see above for what it covers. ``BentoInvalid``."""
    check_bento(folder)
    parts = {
        path.relative_to(folder).as_posix(): _digest_of_part(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _LATEST_FILE and "__pycache__" not in path.parts
    }
    return digest_of_json(parts)


def packed_model(folder: Path) -> Path:
    """The folder of the one model in an unpacked export. Raises ``BentoInvalid``."""
    check_bento(folder)
    (found,) = folder.glob(f"models/*/*/{VERSION_FILE}")
    return found.parent


def check_bento(folder: Path) -> None:
    """Raises ``BentoInvalid`` unless the folder is an unpacked export of ours."""
    if not (folder / BENTO_FILE).is_file():
        raise BentoInvalid(folder, f"{BENTO_FILE} is missing")
    found = len(list(folder.glob(f"models/*/*/{VERSION_FILE}")))
    if found != 1:
        raise BentoInvalid(folder, f"it holds {found} packed versions, where one is wanted")


def unpack_bento(path: Path, folder: Path) -> Path:
    """Unpack an export into ``folder``, which must not exist; it is there whole or not at
    all. Returns ``folder``. Raises ``BentoInvalid``, ``StorageFull``."""
    if folder.exists():
        raise BentoInvalid(folder, "it is there already, and would be overwritten")
    if not path.is_file():
        raise BentoInvalid(path, "there is no such file")
    with storage_faults(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            with tarfile.open(path, "r:*") as archive:
                archive.extractall(temporary, filter="data")
            check_bento(temporary)
            temporary.replace(folder)
        except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise BentoInvalid(path, f"{type(error).__name__}: {error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder
