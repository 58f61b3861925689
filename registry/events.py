"""The events of the ledger: one closed set of kinds, a typed payload for each.

An event is a fact that never changes: undoing is another event. Its hash covers all of
it and the hash of the event before, so a changed, removed or reordered event breaks the
chain (the idea of Haber and Stornetta, "How to time-stamp a digital document", 1991).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from contracts.digests import digest_of_json
from contracts.models import Alias, Digest, ModelName, ScoringMethod
from contracts.shape import Shape
from contracts.traffic import TrafficSplit
from contracts.verdicts import Decision, FittedTemperature, Interval

NO_EVENT: Final = "sha256:" + "0" * 64


class EventKind(StrEnum):
    VERSION_REGISTERED = "version_registered"
    VERDICT_RECORDED = "verdict_recorded"
    ALIAS_MOVED = "alias_moved"
    ALIAS_PROJECTED = "alias_projected"
    ALIAS_RESTORED = "alias_restored"
    BENTO_BUILT = "bento_built"
    SLOT_ASSIGNED = "slot_assigned"
    SLOT_RETIRED = "slot_retired"
    TRAFFIC_MOVED = "traffic_moved"


class VerdictFacts(Shape):
    """What the gate said of a version, and on which evidence. ``verdict_digest`` names the
    whole verdict; ``champion`` is the version judged against, ``None`` by bootstrap;
    ``temperature`` is what the evaluation fitted, ``None`` where it fitted none;
    ``max_new_tokens`` is of the replies that it read, ``None`` where it read none."""

    decision: Decision
    rule: str
    reason: str
    champion: str | None
    evaluation_run_id: str
    suite_digest: Digest
    records_digest: Digest
    accuracy: Interval
    difference: Interval | None
    mcnemar_p: float | None
    verdict_digest: Digest
    temperature: FittedTemperature | None = None
    max_new_tokens: int | None = None


class VersionRegistered(Shape):
    """``from_scratch``: its training began with weights drawn from a seed; ``None`` in ledgers
    that were written before this was recorded."""

    version: str
    digest: Digest
    run_id: str
    model_uri: str
    data_digest: Digest
    commit: str
    profile: str
    scoring: ScoringMethod
    verdict: VerdictFacts
    from_scratch: bool | None = None


class VerdictRecorded(Shape):
    version: str
    verdict: VerdictFacts


class AliasMoved(Shape):
    """The decision: ``alias`` goes from ``before`` to ``to`` (``None``: nowhere). The
    alias in MLflow follows, and ``AliasProjected`` says that it did."""

    alias: Alias
    before: str | None
    to: str | None
    verdict_digest: Digest | None = None


class AliasProjected(Shape):
    """MLflow shows the move decided by event ``move``."""

    alias: Alias
    to: str | None
    move: int


class AliasRestored(Shape):
    """The decision to set an alias right that was moved behind the ledger's back, from
    where it was ``found``. As with ``AliasMoved``, MLflow follows."""

    alias: Alias
    found: str | None
    to: str | None


class BentoBuilt(Shape):
    """A bento of a version: BentoML's tag and the digest of its contents."""

    version: str
    tag: str
    digest: Digest


class Occupant(Shape):
    """What answers in a slot (``stable``, ``canary``): a version, behind a URL, from a
    bento."""

    model: ModelName
    version: str
    digest: Digest
    scoring: ScoringMethod
    url: str
    bento: str


class SlotAssigned(Shape):
    slot: str
    runs: Occupant


class SlotRetired(Shape):
    slot: str


class TrafficMoved(Shape):
    """How callers are shared out between the slots from now on; ``rollout`` names the try of
    a version that moves them, ``None`` when it was done by hand."""

    split: TrafficSplit
    rollout: str | None = None


Payload = (
    VersionRegistered
    | VerdictRecorded
    | AliasMoved
    | AliasProjected
    | AliasRestored
    | BentoBuilt
    | SlotAssigned
    | SlotRetired
    | TrafficMoved
)

PAYLOADS: Final[Mapping[EventKind, type[Shape]]] = MappingProxyType(
    {
        EventKind.VERSION_REGISTERED: VersionRegistered,
        EventKind.VERDICT_RECORDED: VerdictRecorded,
        EventKind.ALIAS_MOVED: AliasMoved,
        EventKind.ALIAS_PROJECTED: AliasProjected,
        EventKind.ALIAS_RESTORED: AliasRestored,
        EventKind.BENTO_BUILT: BentoBuilt,
        EventKind.SLOT_ASSIGNED: SlotAssigned,
        EventKind.SLOT_RETIRED: SlotRetired,
        EventKind.TRAFFIC_MOVED: TrafficMoved,
    }
)
KINDS: Final = {payload: kind for kind, payload in PAYLOADS.items()}


class Event(Shape):
    """One line of the ledger. ``seq`` counts from 1 without a gap; ``at`` is UTC, ISO 8601
    with microseconds, and never before the event in front of it."""

    seq: int
    at: str
    model: ModelName
    kind: EventKind
    who: str
    why: str
    commit: str
    data: dict[str, Any]
    previous: Digest
    hash: Digest

    def payload(self) -> Payload:
        """``data`` as its kind's shape; pydantic ``ValidationError`` when it is not one."""
        found: Payload = PAYLOADS[self.kind].model_validate(self.data)  # type: ignore[assignment]
        return found

    def computed_hash(self) -> str:
        """What ``hash`` must be."""
        return digest_of_json(self.model_dump(mode="json", exclude={"hash"}))


def chain(
    *,
    seq: int,
    at: str,
    model: str,
    payload: Payload,
    who: str,
    why: str,
    commit: str,
    previous: str,
) -> Event:
    """The event that follows the one whose hash is ``previous``."""
    event = Event(
        seq=seq,
        at=at,
        model=model,
        kind=KINDS[type(payload)],
        who=who,
        why=why,
        commit=commit,
        data=payload.model_dump(mode="json"),
        previous=previous,
        hash=NO_EVENT,
    )
    return event.model_copy(update={"hash": event.computed_hash()})
