"""Server-sent events as bytes, and bytes as events: both ends of every stream of ours.

An event is written as two lines, ``event:`` and ``data:`` (JSON of one line), and an empty one.
It is read as the standard says, from pieces that may end anywhere. A comment tells the reader
that the writer is still there.

Source: HTML Living Standard, section 9.2,
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from contracts.answers import Answer, Problem
from contracts.explanations import EventKind, Explanation, ExplanationText
from contracts.shape import Shape

COMMENT: Final = b":\n\n"
SHAPES: Final[Mapping[EventKind, type[Shape]]] = MappingProxyType(
    {"scored": Answer, "text": ExplanationText, "explanation": Explanation, "problem": Problem}
)
"""What the data of each kind of event is."""

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Event:
    """``kind`` is ``message`` where the stream names none."""

    kind: str
    data: str


class EventTooLarge(ValueError):
    """An event goes on beyond the limit of its reader."""


def event_bytes(kind: EventKind, data: Shape) -> bytes:
    """JSON has no raw line break (RFC 8259, section 7), so one line of data holds it."""
    return f"event: {kind}\ndata: {data.model_dump_json()}\n\n".encode()


class EventReader:
    """Whole events out of pieces of a stream. One that the stream breaks off is no event."""

    def __init__(self, *, largest_bytes: int) -> None:
        self._largest_bytes = largest_bytes
        self._buffer = bytearray()
        self._kind = ""
        self._data: list[str] = []
        self._size_bytes = 0
        self._begun = False

    def feed(self, piece: bytes) -> list[Event]:
        """The events that ``piece`` completes. Raises ``EventTooLarge``."""
        # A carriage return may be half of a line's end.
        searched = max(0, len(self._buffer) - 1)
        self._buffer += piece
        events: list[Event] = []
        begin = 0
        for end in _LINE_END.finditer(self._buffer, searched):
            event = self._line(bytes(self._buffer[begin : end.start()]))
            begin = end.end()
            if event is not None:
                events.append(event)
        del self._buffer[:begin]
        if self._size_bytes + len(self._buffer) > self._largest_bytes:
            raise EventTooLarge(f"an event is larger than {self._largest_bytes} bytes")
        return events

    def _line(self, line: bytes) -> Event | None:
        """Take in one line; the event that an empty one ends."""
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BOM)
        if not line:
            event = Event(self._kind or "message", "\n".join(self._data)) if self._data else None
            self._kind, self._data, self._size_bytes = "", [], 0
            return event
        self._size_bytes += len(line)
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        return None
