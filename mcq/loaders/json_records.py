"""Records from JSON Lines (an object a line, jsonlines.org) and from a JSON array of objects.

An array is decoded element by element, so that a file larger than memory can be read. What
RFC 8259 does not know (NaN, Infinity) is refused.
"""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from mcq.loaders.lines import MOST_LINE_BYTES, Lines, Unreadable
from mcq.loaders.rows import Bad, Place, Record, Records

PIECE_BYTES: Final = 64 * 1024
_BLANK: Final = " \t\r\n"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def json_lines(path: Path) -> Records:
    """One record an object a line; blank lines are passed over."""
    with Lines(path) as lines:
        while True:
            try:
                text = next(lines, None)
            except Unreadable as error:
                yield Bad(Place(str(path), error.line), error.reason)
                continue
            if text is None:
                return
            if text.strip():
                yield _record(Place(str(path), lines.number), text)


def _record(place: Place, text: str) -> Record | Bad:
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        return Bad(place, f"Invalid JSON: {_words(error)}")
    return _object(place, value)


def _object(place: Place, value: Any) -> Record | Bad:
    if not isinstance(value, dict):
        return Bad(place, "a row should be an object")
    return Record(place, value)


def _words(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def json_array(path: Path, *, piece_bytes: int = PIECE_BYTES) -> Records:
    """One record an element; ``line`` is where the element begins. What cannot be read any
    further is the last row, a bad one: after it no element can be told from another."""
    with path.open("rb") as stream:
        text = _Text(stream, piece_bytes)
        try:
            text.expect("[")
            more = text.peek() != "]" or text.expect("]") != "]"
            while more:
                text.peek()
                place = Place(str(path), text.line)
                yield _object(place, text.value())
                more = text.expect(",", "]") == ","
            text.expect("")
        except UnicodeDecodeError as error:
            yield Bad(Place(str(path), text.line), f"not UTF-8: {error.reason}")
        except (ValueError, RecursionError) as error:
            reason = f"Invalid JSON: {_words(error)}; nothing after it was read"
            yield Bad(Place(str(path), text.line), reason)


class _Text:
    """The text of a stream from where reading stands; ``line`` is that of this place."""

    def __init__(self, stream: BinaryIO, piece_bytes: int) -> None:
        self.line = 1
        self._piece_bytes = piece_bytes
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is not blank, "" at the end."""
        while True:
            while self._at < len(self._text):
                found = self._text[self._at]
                if found not in _BLANK:
                    return found
                self._take(self._at + 1)
            if self._ended:
                return ""
            self._more()

    def expect(self, *marks: str) -> str:
        """Take one of ``marks``; "" is the end. Raises ``ValueError``."""
        if (found := self.peek()) not in marks:
            wanted = " or ".join(mark or "the end" for mark in marks)
            raise ValueError(f"{wanted} is wanted, not {found or 'the end'}")
        self._take(self._at + len(found))
        return found

    def value(self) -> Any:
        """Take one element. Raises ``ValueError``, ``RecursionError``."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if self._ended or len(self._text) - self._at > MOST_LINE_BYTES:
                    raise
            else:
                # A number may go on in the next piece: what follows must be in sight.
                if self._ended or end < len(self._text):
                    self._take(end)
                    return value
            self._more()

    def _take(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end

    def _more(self) -> None:
        # As much again as there is, so that a long element is decoded few times.
        rest = self._text[self._at :]
        piece = self._stream.read(max(self._piece_bytes, len(rest)))
        self._ended = not piece
        self._text, self._at = rest + self._decode(piece, final=self._ended), 0
