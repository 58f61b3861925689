"""A full disk while a checkpoint is written: the libraries' errors as ours.

safetensors and tokenizers report a failed write with Rust's text of the system's error
number, as ``SafetensorError`` and as plain ``Exception``, not as ``OSError``; shutil
gathers errors into one that has no number. The text is all that can be read of them.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contracts.errors import StorageFull
from contracts.files import storage_faults

_FULL: Final = tuple(
    words
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    for words in (f"(os error {number})", f"[Errno {number}]")
)


@contextmanager
def tensor_storage_faults(path: Path) -> Iterator[None]:
    """``contracts.files.storage_faults`` for a block that also writes tensors, tokenizers or
    whole folders."""
    try:
        with storage_faults(path):
            yield
    except StorageFull:
        raise
    except Exception as error:
        if any(words in str(error) for words in _FULL):
            raise StorageFull(path) from error
        raise
