"""Writing a file so that it is there whole, or was not touched.

Source: rename(2) replaces atomically within a file system; fsync(2) before it, so that
a power cut cannot leave an empty file under the new name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from contracts.errors import StorageFull


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
def writing_atomically(path: Path) -> Iterator[TextIO]:
    """A stream of UTF-8 text that becomes ``path`` when the block ends, making its folder.

    Raises ``StorageFull``; after any failure, of the block too, the old content is still
    there and no temporary file is left.
    """
    with storage_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            # mkstemp makes files private; results are for everyone the umask allows.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``path``, as ``writing_atomically`` does."""
    with writing_atomically(path) as stream:
        stream.write(text)
