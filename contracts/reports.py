"""What a run's report says of how its numbers were made."""

from __future__ import annotations

from contracts.models import Digest, ScoringMethod
from contracts.shape import Shape
from contracts.suites import Protocol


class Way(Shape):
    """How the answers were had. ``None`` where the run did not say."""

    protocol: Protocol = "scored"
    scoring: ScoringMethod | None = None
    template: str | None = None
    shots_count: int = 0
    shots_digest: Digest | None = None
    precision: str | None = None


class RunHeader(Shape):
    """What was examined, on what, and how."""

    run_id: str
    version: str | None
    digest: Digest
    suite: str
    suite_digest: Digest
    records_digest: Digest
    way: Way
