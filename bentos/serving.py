"""Serving an exported bento from a folder, with a BentoML store that stays empty.

The process becomes the bento's own ``bentos.run`` (exec), so that whoever started it signals
the server itself: SIGTERM lets questions under way finish, then ends it. Knows no registry.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final, NoReturn

from bentos.archive import bento_digest, check_bento, packed_model, unpack_bento
from bentos.packed import check_packed
from contracts.digests import digest_of_file
from contracts.errors import BentoInvalid, CheckpointInvalid, DigestMismatch

SERVED_FOLDER: Final = "served"
_BENTO: Final = "bento"
_STORE: Final = "store"


def unpacked(path: Path, home: Path, *, expected_digest: str | None = None) -> Path:
    """The folder of an export: ``path`` itself when it is one, else where the file was
    unpacked below ``home``, by its digest. What is damaged there is unpacked again.

    Raises ``BentoInvalid``, ``StorageFull``, and ``DigestMismatch`` when the contents are
    not those of ``expected_digest``.
    """
    folder = _folder_of(path, home)
    found = bento_digest(folder)
    if expected_digest is not None and found != expected_digest:
        raise DigestMismatch(
            f"bento {path}",
            expected=expected_digest,
            found=found,
            mend="It is not the one that was recorded: build it again with `proctor bento build`.",
        )
    return folder


def _folder_of(path: Path, home: Path) -> Path:
    if path.is_dir():
        check_bento(path)
        return path.absolute()
    if not path.is_file():
        raise BentoInvalid(path, "there is no such file or folder")
    name = digest_of_file(path).removeprefix("sha256:")[:16]
    folder = (home / SERVED_FOLDER / name / _BENTO).absolute()
    if folder.is_dir() and not _is_sound(folder):
        shutil.rmtree(folder)
    if not folder.is_dir():
        return unpack_bento(path, folder)
    # When it was picked last: who prunes what is unused goes by that.
    os.utime(folder.parent)
    return folder


def _is_sound(folder: Path) -> bool:
    try:
        check_packed(packed_model(folder))
    except (BentoInvalid, CheckpointInvalid, DigestMismatch):
        return False
    return True


def serve_command(folder: Path, *, host: str, port: int) -> list[str]:
    """The words that serve an unpacked export with the code that it carries."""
    program = folder / "src" / "bentos" / "run.py"
    return [sys.executable, str(program), str(folder), "--host", host, "--port", str(port)]


def serve(folder: Path, home: Path, *, host: str, port: int) -> NoReturn:
    """Become the server of an unpacked export."""
    store = (home / SERVED_FOLDER / f"{_STORE}-{port}").absolute()
    store.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "True"}
    command = serve_command(folder, host=host, port=port)
    os.execve(command[0], command, environment)  # noqa: S606 - our own interpreter, no shell
