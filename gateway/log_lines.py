"""Log lines as JSON objects, one a line: what a program searches and a person can read.

Each has ``time`` (UTC), ``level``, ``logger`` and ``message``; the line about a request has
who, what and how it ended besides. Never a key: what looks like one is blotted out wherever
it stands. Questions only where the settings allow it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from gateway.visits import Ended, Visit

_KEY: Final = re.compile(r"(pk_[A-Za-z0-9-]{1,40}_)[0-9A-Za-z]{8,}")
_BLOTTED: Final = r"\1..."
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_log = logging.getLogger("gateway.access")


class JsonLines(logging.Formatter):
    """A record as a line; ``extra={"fields": {...}}`` adds to it."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if fields is not None:
            line.update(fields)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False, default=str)
        return _KEY.sub(_BLOTTED, text) if "pk_" in text else text


def set_up_logs(level: str, stream: TextIO = sys.stderr) -> None:
    """Let everything that this process logs be lines on ``stream``. For entry points."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # A line for every request to an answerer, and for each one's connection.
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def access_line(*, questions: bool) -> Ended:
    """A line for every request that is over; ``questions`` allows their text. A probe that
    found all well is told at level debug only: they come every few seconds."""

    def ended(visit: Visit) -> None:
        level = logging.DEBUG if visit.answered and visit.route in _PROBES else logging.INFO
        if _log.isEnabledFor(level):
            fields = _fields(visit)
            if questions and visit.question is not None:
                fields["question"] = visit.question.model_dump(mode="json", exclude_none=True)
            words = (visit.method, visit.route, visit.status)
            _log.log(level, "%s %s %d", *words, extra={"fields": fields})

    return ended


def _fields(visit: Visit) -> dict[str, Any]:
    caller, notes = visit.caller, visit.notes
    return {
        "request_id": visit.request_id,
        "trace_id": visit.served.trace.trace_id,
        "key_id": caller.key.id if caller else None,
        "caller": caller.hashed if caller else None,
        "caller_source": caller.source if caller else None,
        "method": visit.method,
        "route": visit.route,
        "status": visit.status,
        "seconds": round(visit.seconds, 6),
        "slot": notes.slot,
        "version": f"{notes.version.model}/{notes.version.version}" if notes.version else None,
        "cached": notes.cached,
        "fallback": notes.fallback,
        "problem": visit.problem,
    }
