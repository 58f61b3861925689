"""What a route knows of a request besides its body: who asks, until when, under which names.

``gateway.entry`` makes it when all checks have passed; routes hand it down.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.answers import AnsweredBy
from contracts.traffic import Slot
from gateway.callers import Caller
from gateway.deadlines import Deadline


@dataclass(slots=True)
class Notes:
    """What the line about this request in the log will say of its answer: whoever knows it
    writes it down. One for the whole request, also for a batch."""

    slot: Slot | None = None
    version: AnsweredBy | None = None
    cached: bool = False
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """``item`` is the place in a batch, 0 outside of one. ``fresh``: no answer from a cache is
    wanted (``Cache-Control: no-cache``). ``trace`` and ``trace_state`` are the ``traceparent``
    and the ``tracestate`` to send on."""

    request_id: str
    caller: Caller
    deadline: Deadline
    trace: str
    fresh: bool = False
    item: int = 0
    trace_state: str = ""
    notes: Notes = field(default_factory=Notes, compare=False)
