"""The state of the registry: a fold over the ledger's events, and nothing else.

Folding the events up to a time gives the state at that time. Pure: no clock, no store.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from contracts.errors import AliasNotFound, ModelNotFound, VersionNotFound
from contracts.models import CHAMPION, JudgedBy, ModelRef, VersionFacts
from contracts.shape import Shape
from contracts.traffic import CANARY, TrafficSplit
from registry.events import (
    AliasMoved,
    AliasProjected,
    AliasRestored,
    BentoBuilt,
    Event,
    Occupant,
    SlotAssigned,
    SlotRetired,
    TrafficMoved,
    VerdictFacts,
    VerdictRecorded,
    VersionRegistered,
)


class VersionRecord(Shape):
    """All that the ledger knows of a version: the latest verdict and bento count."""

    model: str
    registered: VersionRegistered
    registered_at: str
    verdict: VerdictFacts
    bento: BentoBuilt | None = None

    @property
    def version(self) -> str:
        return self.registered.version

    @property
    def digest(self) -> str:
        return self.registered.digest

    def facts(self) -> VersionFacts:
        """What travels with the version into a bento. Of its examination, the one that it was
        registered on: a later verdict makes no other bento, and no other probabilities."""
        verdict = self.registered.verdict
        return VersionFacts(
            model=self.model,
            version=self.version,
            digest=self.digest,
            run_id=self.registered.run_id,
            commit=self.registered.commit,
            scoring=self.registered.scoring,
            from_scratch=self.registered.from_scratch,
            temperature=verdict.temperature and verdict.temperature.value,
            judged_by=JudgedBy(
                suite_digest=verdict.suite_digest,
                evaluation_run_id=verdict.evaluation_run_id,
                verdict_digest=verdict.verdict_digest,
                rule=verdict.rule,
                accuracy=verdict.accuracy.estimate,
                lower=verdict.accuracy.lower,
                upper=verdict.accuracy.upper,
                level=verdict.accuracy.level,
            ),
        )


class PendingMove(Shape):
    """A decided move that MLflow may not show yet; ``seq`` is the deciding event."""

    seq: int
    before: str | None
    to: str | None


class AliasDecision(Shape):
    """The event that put an alias where it is: which, when (UTC, ISO 8601), by whom, why, at
    which commit, and on which verdict. Setting a tampered alias back decides nothing new."""

    seq: int
    at: str
    who: str
    why: str
    commit: str
    verdict_digest: str | None


class ModelState(Shape):
    """Versions in the order of their registration, aliases with the decision behind each,
    moves still to be shown."""

    name: str
    versions: dict[str, VersionRecord] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)
    decided: dict[str, AliasDecision] = Field(default_factory=dict)
    pending: dict[str, PendingMove] = Field(default_factory=dict)

    def decisions(self, number: str) -> dict[str, AliasDecision]:
        """By alias, in order of name, how a version came to those that it has."""
        return {
            alias: self.decided[alias] for alias, to in sorted(self.aliases.items()) if to == number
        }

    @property
    def champion(self) -> str | None:
        return self.aliases.get(CHAMPION)

    def version(self, number: str) -> VersionRecord:
        """Raises ``VersionNotFound``."""
        if number not in self.versions:
            raise VersionNotFound(self.name, number)
        return self.versions[number]


class RegistryState(Shape):
    """Everything, after event ``seq`` (0: nothing happened yet)."""

    seq: int = 0
    models: dict[str, ModelState] = Field(default_factory=dict)
    slots: dict[str, Occupant] = Field(default_factory=dict)
    split: TrafficSplit = Field(default_factory=TrafficSplit)

    def model(self, name: str) -> ModelState:
        """Raises ``ModelNotFound``."""
        if name not in self.models:
            raise ModelNotFound(name)
        return self.models[name]

    def resolve(self, ref: ModelRef) -> VersionRecord:
        """Raises ``ModelNotFound``, ``VersionNotFound``, ``AliasNotFound``."""
        model = self.model(ref.name)
        number = ref.version or model.aliases.get(ref.alias or "")
        if number is None:
            raise AliasNotFound(ref.name, str(ref.alias))
        return model.version(number)


def fold(events: Iterable[Event], state: RegistryState | None = None) -> RegistryState:
    """``state`` (empty by default) after ``events``, in their order."""
    state = state or RegistryState()
    for event in events:
        state = _after(state, event)
    return state


def _after(state: RegistryState, event: Event) -> RegistryState:
    payload = event.payload()
    if isinstance(payload, SlotAssigned | SlotRetired | TrafficMoved):
        return state.model_copy(update={"seq": event.seq, **_traffic_after(state, payload)})
    model = state.models.get(event.model) or ModelState(name=event.model)
    if isinstance(payload, AliasMoved | AliasProjected | AliasRestored):
        model = _alias_after(model, event, payload)
    else:
        model = _version_after(model, event, payload)
    models = {**state.models, event.model: model}
    return state.model_copy(update={"seq": event.seq, "models": models})


def _traffic_after(
    state: RegistryState, payload: SlotAssigned | SlotRetired | TrafficMoved
) -> dict[str, object]:
    """What changes of slots and split. Callers are drawn for one version: when it leaves the
    canary slot, or another takes its place there, nobody goes there until that is decided
    anew. A retired shadow is no shadow any more. Callers of the canary stay with it when
    stable is retired: they would find nobody there."""
    if isinstance(payload, TrafficMoved):
        return {"split": payload.split}
    slot, split = payload.slot, state.split
    others = {name: runs for name, runs in state.slots.items() if name != slot}
    if isinstance(payload, SlotAssigned):
        before = state.slots.get(slot)
        stays = before is not None and before.digest == payload.runs.digest
        others[slot] = payload.runs
    else:
        stays = False
    if slot == CANARY and not stays:
        split = TrafficSplit()
    elif isinstance(payload, SlotRetired) and split.shadow == slot:
        split = split.model_copy(update={"shadow": None})
    return {"slots": others, "split": split}


def _version_after(
    model: ModelState, event: Event, payload: VersionRegistered | VerdictRecorded | BentoBuilt
) -> ModelState:
    if isinstance(payload, VersionRegistered):
        record = VersionRecord(
            model=model.name,
            registered=payload,
            registered_at=event.at,
            verdict=payload.verdict,
        )
    else:
        news = (
            {"verdict": payload.verdict}
            if isinstance(payload, VerdictRecorded)
            else {"bento": payload}
        )
        record = model.version(payload.version).model_copy(update=news)
    return model.model_copy(update={"versions": {**model.versions, record.version: record}})


def _alias_after(
    model: ModelState, event: Event, payload: AliasMoved | AliasProjected | AliasRestored
) -> ModelState:
    pending = {name: move for name, move in model.pending.items() if name != payload.alias}
    if isinstance(payload, AliasProjected):
        return model.model_copy(update={"pending": pending})
    aliases = {name: number for name, number in model.aliases.items() if name != payload.alias}
    decided = {name: made for name, made in model.decided.items() if name != payload.alias}
    if payload.to is not None:
        aliases[payload.alias] = payload.to
        if isinstance(payload, AliasRestored) and payload.alias in model.decided:
            decided[payload.alias] = model.decided[payload.alias]
        else:
            decided[payload.alias] = AliasDecision(
                seq=event.seq,
                at=event.at,
                who=event.who,
                why=event.why,
                commit=event.commit,
                verdict_digest=getattr(payload, "verdict_digest", None),
            )
    pending[payload.alias] = PendingMove(
        seq=event.seq,
        before=payload.found if isinstance(payload, AliasRestored) else payload.before,
        to=payload.to,
    )
    return model.model_copy(update={"aliases": aliases, "decided": decided, "pending": pending})
