"""A full disk while tensors are written: safetensors' error as ours.

safetensors reports a failed write as ``SafetensorError`` with Rust's text of the system's
error number, not as ``OSError``; the number is all that can be read of it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from safetensors import SafetensorError

from contracts.errors import StorageFull
from contracts.files import storage_faults

_FULL: Final = tuple(
    f"(os error {number})" for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
)


@contextmanager
def tensor_storage_faults(path: Path) -> Iterator[None]:
    """``contracts.files.storage_faults`` for a block that also writes safetensors."""
    try:
        with storage_faults(path):
            yield
    except SafetensorError as error:
        if any(words in str(error) for words in _FULL):
            raise StorageFull(path) from error
        raise
