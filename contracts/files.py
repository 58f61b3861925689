"""Writing a file so that it is there whole, or was not touched.

Source: rename(2) replaces atomically within a file system; fsync(2) before it, so that
a power cut cannot leave an empty file under the new name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from contracts.errors import BadInput, StorageFull


@contextlib.contextmanager
def storage_faults(path: Path) -> Iterator[None]:
    """Turn "no space left", "quota" and "file too large" on the way to ``path`` into
    ``StorageFull``; every other ``OSError`` passes as it is."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StorageFull(path) from error
        raise


@contextlib.contextmanager
def out_faults(path: Path) -> Iterator[None]:
    """Turn every ``OSError`` on the way to ``path``, which the flag ``--out`` names, into
    ``BadInput``, or ``StorageFull`` as ``storage_faults`` does. Nothing else may be read or
    written in the block."""
    try:
        with storage_faults(path):
            yield
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror or error}).",
            mend="Name a place that can be written to with --out.",
        ) from error


def check_out(path: Path, *, folder: bool = False) -> None:
    """Whether ``path`` can be made, before the work whose result is written there.

    It is tried out: a scratch folder is made beside ``path``, or in the nearest folder above
    that is there, and removed. Raises ``BadInput`` where that fails and for a folder in the
    place of a file (unless ``folder``), ``StorageFull``.
    """
    with out_faults(path):
        if path.is_dir() and not folder:
            raise BadInput(f"{path} is a folder; a file is written.", mend="Name one with --out.")
        place = path.parent
        while not place.exists():
            place = place.parent
        Path(tempfile.mkdtemp(dir=place, prefix=f".{path.name}.")).rmdir()


def write_atomically(path: Path, text: str, *, private: bool = False) -> None:
    """Write ``text`` as UTF-8 to ``path``, making its folder. Raises ``StorageFull``;
    after any failure the old content is still there and no temporary file is left. A
    ``private`` file is for its owner alone (mode 0600)."""
    with _replacing(path, private=private) as stream:
        stream.write(text.encode())


def write_together(texts: Mapping[Path, str]) -> None:
    """Write every text as UTF-8 to its path, in order, each as ``write_atomically``. No path is
    touched before all of them are on the disk: a full one leaves the old contents everywhere.
    A process that is killed between two renames leaves the first paths new and the rest old."""
    with contextlib.ExitStack() as stack:
        # A stack is left from its end: what is entered last is renamed first.
        for path, text in reversed(list(texts.items())):
            stream = stack.enter_context(_replacing(path))
            with storage_faults(path):
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())


def copy_atomically(source: Path, path: Path) -> None:
    """Copy the contents of ``source`` to ``path``, also from another file system. Otherwise
    as ``write_atomically``."""
    with source.open("rb") as original, _replacing(path) as stream:
        shutil.copyfileobj(original, stream, 1 << 20)


@contextlib.contextmanager
def _replacing(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """A stream whose contents are ``path``'s when the block ends well."""
    with storage_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            # mkstemp makes files private; results are for everyone the umask allows.
            if not private:
                umask = os.umask(0)
                os.umask(umask)
                temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def writing_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A stream of bytes that becomes ``path`` when the block ends. Otherwise as
    ``write_atomically``; an error of the block passes and leaves the old content, too."""
    with _replacing(path) as stream:
        yield stream
