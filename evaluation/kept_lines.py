"""An append-only file of checked lines: what was had once and must not be had again.

A line is one entry as canonical JSON under a checksum of its own. Lines are appended whole,
several in one write, under a lock: whatever kills an evaluation leaves what it had, and two of
them at once do no harm. A line that is torn or altered is dropped and counted, never believed.

Lines are in the kernel's hands when ``add`` returns, not on the disk: a power cut may cost the
last ones, which are then had again. Knows no entry's meaning.

Source: open(2), O_APPEND; flock(2), released when its process ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import ValidationError

from contracts.digests import canonical_json
from contracts.files import storage_faults
from contracts.shape import Shape

_HEX_DIGITS_OF_CHECKSUM: Final = 16
_LINE: Final = re.compile(rb'\{"checksum":"(?P<checksum>[0-9a-f]{16})","entry":(?P<entry>.*)\}')
Entry = TypeVar("Entry", bound=Shape)


class KeptLines(Generic[Entry]):
    """The entries in the file at ``path``. Nothing is made or read before it is asked for."""

    def __init__(self, path: Path, shape: type[Entry]) -> None:
        self.path = path
        self._shape = shape

    def read(self) -> Iterator[Entry | None]:
        """Every line's entry in order, ``None`` for one that is not, to the byte, as it was
        written. Marks the file as used, so that pruning spares it."""
        return (entry for _, entry in self.placed())

    def placed(self) -> Iterator[tuple[int, Entry | None]]:
        """As ``read``, each behind its place for ``at``. A line is in memory at a time."""
        try:
            stream = self.path.open("rb")
        except FileNotFoundError:
            return
        with stream:
            os.utime(stream.fileno())
            place = 0
            for line in stream:
                if line != b"\n":
                    yield place, self._entry_of(line.removesuffix(b"\n"))
                place += len(line)

    def at(self, place: int) -> Entry | None:
        """The entry at a place of ``placed``; ``None`` where the file has none there by now."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(place)
                return self._entry_of(stream.readline().removesuffix(b"\n"))
        except FileNotFoundError:
            return None

    def add(self, entries: Sequence[Entry]) -> None:
        """Append one line for each entry, all in one write. Raises ``StorageFull``."""
        lines = "".join(_line(entry) for entry in entries).encode()
        with storage_faults(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    # Somebody was cut off within a line: ours must not become its end.
                    lines = b"\n" + lines
                while lines:
                    lines = lines[os.write(handle, lines) :]
            finally:
                os.close(handle)

    def _entry_of(self, line: bytes) -> Entry | None:
        found = _LINE.fullmatch(line)
        if found is None or _checksum(found["entry"]) != found["checksum"].decode():
            return None
        try:
            return self._shape.model_validate_json(found["entry"])
        except ValidationError:
            return None


def _line(entry: Shape) -> str:
    text = canonical_json(entry.model_dump(mode="json"))
    return f'{{"checksum":"{_checksum(text.encode())}","entry":{text}}}\n'


def _checksum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:_HEX_DIGITS_OF_CHECKSUM]
