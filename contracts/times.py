"""Times as texts: UTC, ISO 8601 (RFC 3339), with microseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import StringConstraints

Stamp = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", max_length=27)
]
"""As ``stamp`` writes it."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(time: datetime) -> str:
    """ISO 8601 in UTC with microseconds: such texts sort as the times do."""
    # Not strftime: it writes the year 999 with three digits, which sorts wrongly.
    utc = time.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"
