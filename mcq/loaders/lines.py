"""Lines of a UTF-8 file, one at a time, where one bad line does not hide the next.

A line is cut at a line feed; a byte order mark before the first is dropped. Lines beyond
8 MiB, more than the longest question with its proof takes, are refused without being held,
so memory stays flat on any bytes.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Self

MOST_LINE_BYTES: Final = 8 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024


class Unreadable(Exception):
    """The line that was to be read is no text. The next call gives the line after it."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(f"line {line}: {reason}")


class Lines:
    """Iterator of text lines, ends kept; ``number`` is that of the line given last.

    Raises ``Unreadable`` for a line that is not UTF-8 or is too long, and goes on after it.
    A context manager: it closes the file.
    """

    def __init__(self, path: Path, *, most_bytes: int = MOST_LINE_BYTES) -> None:
        self.number = 0
        self._most_bytes = most_bytes
        self._stream = path.open("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        raw = self._stream.readline(self._most_bytes)
        if not raw:
            raise StopIteration
        self.number += 1
        if len(raw) == self._most_bytes and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = self._stream.readline(_PIECE_BYTES)
            raise Unreadable(self.number, f"longer than {self._most_bytes} bytes")
        try:
            return raw.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(self.number, f"not UTF-8 at byte {error.start}") from error
