"""Digests: how this project names bytes.

A digest is ``sha256:`` and 64 hex digits. A folder's digest covers the relative
path and the content of every file below it, so that renaming, adding or altering a
file changes it, and the order in which the file system lists them does not.
Canonical JSON follows RFC 8785 in what we use of it: sorted keys, no white space,
UTF-8; floats are refused by nobody but come from Python's shortest ``repr``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no white space, no NaN (``ValueError``)."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest_of_bytes(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of_json(value: Any) -> str:
    return digest_of_bytes(canonical_json(value).encode())


def digest_of_file(path: Path) -> str:
    """Digest of a file's bytes; reads in pieces, so memory stays flat. ``OSError`` as is."""
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of_folder(folder: Path, *, hidden: bool = True) -> str:
    """Digest of every file below ``folder``: ``FileNotFoundError`` when there is none.

    Without ``hidden``, what begins with a dot, or lies in a folder that does, is no part of
    it: ``.git``, ``.cache`` and their like, which differ between two copies of the same."""
    files = files_below(folder, hidden=hidden)
    if not files:
        raise FileNotFoundError(f"{folder} holds no files")
    parts = {path.relative_to(folder).as_posix(): digest_of_file(path) for path in files}
    return digest_of_json(parts)


def files_below(folder: Path, *, hidden: bool = True) -> list[Path]:
    """The files that ``digest_of_folder`` covers, sorted."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and (hidden or not any(part.startswith(".") for part in path.relative_to(folder).parts))
    )
