"""Which trace a request belongs to: ``traceparent``, read and written.

A caller's trace is taken up when its header is well-formed, and ignored otherwise, as if it
had sent none; then a trace of our own begins. Source: W3C Trace Context,
https://www.w3.org/TR/trace-context/ (sections 3.2, 3.3 and 4.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, Self

TRACE_HEADER: Final = "traceparent"
TRACE_STATE_HEADER: Final = "tracestate"
SAMPLED: Final = 1
_KNOWN: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# A version that is not known yet may append fields; its first four are read as ours.
_LATER: Final = re.compile(
    r"(?!ff|00)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)
# What must at least be passed on, and what may stand in it.
_STATE: Final = re.compile(r"[\x20-\x7e]{1,512}")
_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace and the span in it that is the parent of what follows: 32 and 16 hex digits.
    Bit 0 of ``flags``: that span may have been recorded. ``state`` is for the tracing systems
    on the way, and passed on as it is."""

    trace_id: str
    span_id: str
    flags: int
    state: str = ""

    @property
    def header(self) -> str:
        """As ``traceparent`` of version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    @classmethod
    def begun(cls, random_hex: Callable[[int], str] = token_hex) -> Self:
        """A new trace that nobody records. ``random_hex`` takes a number of bytes."""
        return cls(random_hex(_TRACE_BYTES), random_hex(_SPAN_BYTES), 0)


def read_trace(header: str | None, state: str = "") -> Trace | None:
    """The trace that ``traceparent`` names, with ``tracestate``; ``None`` for none, or for
    what is not one."""
    if not header:
        return None
    found = _KNOWN.fullmatch(header) or _LATER.fullmatch(header)
    if found is None:
        return None
    trace_id, span_id, flags = found.groups()
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return Trace(trace_id, span_id, int(flags, 16), state if _STATE.fullmatch(state) else "")
