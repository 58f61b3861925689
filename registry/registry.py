"""The moves: register, promote, pin, repair, and what was when and why.

A promotion has two steps. The *decision* is an event: in one exclusive transaction the
verdict is held against the present champion, and the move appended. The *projection*
(``registry.projection``) then shows it in MLflow.

``at_step`` is called between any two steps of a move; tests end the process there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from contracts.digests import digest_of_bytes, digest_of_folder
from contracts.errors import (
    AliasNotFound,
    AliasTampered,
    DigestMismatch,
    LedgerCorrupt,
    ModelNotFound,
    MoveNotShown,
    NotFound,
    NotThereThen,
    Refused,
    ResultsInvalid,
    TrackingAway,
    VersionNotFound,
    VersionNotShown,
)
from contracts.faults import first_fault
from contracts.models import CHALLENGER, CHAMPION, Alias, ModelRef
from contracts.times import stamp
from contracts.traffic import CANARY, STABLE, TrafficSplit
from contracts.verdicts import (
    ChampionPin,
    EvaluationResult,
    QuestionRecord,
    TrainingResult,
    Verdict,
)
from registry.events import (
    AliasMoved,
    BentoBuilt,
    Event,
    Occupant,
    Payload,
    SlotAssigned,
    SlotRetired,
    TrafficMoved,
    VerdictRecorded,
    VersionRegistered,
)
from registry.evidence import (
    check_evidence,
    check_examined,
    check_new,
    check_reason,
    check_verdict,
    verdict_facts,
)
from registry.findings import Finding, find_faults
from registry.ledger import Ledger, LedgerWriter
from registry.pages import write_pages
from registry.projection import Projection, left_alone
from registry.state import ModelState, RegistryState, VersionRecord
from registry.traffic import check_occupied
from registry.versions import DIGEST_TAG, VersionStore

# Every step of the moves at which a process may be killed and nothing is lost, in order.
REGISTER_STEPS = (
    "register:checked",
    "register:version-made",
    "register:recorded",
    "challenger:shown",
    "projected",
    "pages:written",
)
PROMOTE_STEPS = (
    "promote:checked",
    "promote:decided",
    "champion:shown",
    "challenger:shown",
    "projected",
)


class Registry:
    """The ledger and a store of versions, moved together by ``actor`` at ``commit``."""

    def __init__(
        self,
        ledger: Ledger,
        versions: VersionStore,
        *,
        actor: str,
        commit: str,
        at_step: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self.ledger = ledger
        self._versions = versions
        self._actor = actor
        self._commit = commit
        self._at_step = at_step
        self._projection = Projection(ledger, versions, append=self._append, at_step=at_step)

    def _append(self, writer: LedgerWriter, model: str, payload: Payload, why: str) -> Event:
        return writer.append(model, payload, who=self._actor, why=why, commit=self._commit)

    # ------------------------------------------------------------ register

    def register(
        self,
        training: TrainingResult,
        evaluation: EvaluationResult,
        verdict: Verdict,
        *,
        found_digest: str,
        why: str,
    ) -> VersionRecord:
        """Make a version of what passed the gate, and point ``challenger`` to it.

        ``found_digest`` is the digest of the checkpoint as it is now. Idempotent: the same
        weights are the same version, a new verdict on them is added to it. Raises
        ``DigestMismatch``, ``GateNotPassed``, ``CouldNotJudge``, ``RunNotFound``,
        ``AliasTampered``, ``TrackingAway`` before the ledger changes; ``VersionNotShown``
        when MLflow goes away after that: the same call again shows what is missing.
        """
        check_reason(why)
        check_evidence(training, evaluation, verdict, found_digest)
        self._versions.check_run(training.run_id)
        check_examined(evaluation, self._versions.run_facts(evaluation.run_id))
        self._checked_records(evaluation.run_id, evaluation.records_digest)
        model, facts = verdict.model, verdict_facts(verdict, evaluation)
        with self.ledger.write() as writer:
            self._projection.show_pending(writer, model)
            known = writer.state.models.get(model) or ModelState(name=model)
            self._projection.check_aliases(known)
            record = next((r for r in known.versions.values() if r.digest == training.digest), None)
            news = record is None or record.verdict != facts
            if record is None:
                self._at_step("register:checked")
                number = self._find_or_create(known, training, evaluation, verdict)
                check_new(known, number, training.digest)
                self._at_step("register:version-made")
                registered = VersionRegistered(
                    version=number,
                    digest=training.digest,
                    run_id=training.run_id,
                    model_uri=training.model_uri,
                    data_digest=training.data_digest,
                    commit=training.commit,
                    profile=training.profile,
                    scoring=training.scoring,
                    verdict=facts,
                    from_scratch=training.method == "scratch",
                )
                self._append(writer, model, registered, why)
            elif record.verdict != facts:
                number = record.version
                self._append(writer, model, VerdictRecorded(version=number, verdict=facts), why)
            else:
                number = record.version
            state = writer.state.model(model)
            # What says nothing new moves nothing: a later challenger stays on trial.
            if news and number not in state.aliases.values():
                self._decide(writer, model, CHALLENGER, number, why, facts.verdict_digest)
        self._at_step("register:recorded")
        record = self.ledger.state().model(model).version(number)
        try:
            self._projection.project(model)
            write_pages(self._versions, record, training, evaluation)
        except (MoveNotShown, TrackingAway) as error:
            raise VersionNotShown(model, number, error.reason) from error
        self._at_step("pages:written")
        return record

    def _find_or_create(
        self,
        known: ModelState,
        training: TrainingResult,
        evaluation: EvaluationResult,
        verdict: Verdict,
    ) -> str:
        """A version of these weights that a killed register left in the store, else a new one."""
        for number, tags in sorted(self._versions.tags(verdict.model).items()):
            if tags.get(DIGEST_TAG) == training.digest and number not in known.versions:
                return number
        tags = {
            DIGEST_TAG: training.digest,
            "proctor.run_id": training.run_id,
            "proctor.evaluation_run_id": evaluation.run_id,
            "proctor.commit": training.commit,
            "proctor.data_digest": training.data_digest,
            "proctor.suite_digest": evaluation.suite_digest,
            "proctor.scoring": training.scoring,
            "proctor.verdict": f"{verdict.decision} ({verdict.rule})",
        }
        return self._versions.create(verdict.model, training.model_uri, tags)

    # ------------------------------------------------------------ promote

    def promote(self, ref: ModelRef, *, why: str) -> VersionRecord:
        """Make a version champion. It needs a pass against the present champion.

        Promoting the champion changes nothing. Raises ``ChampionMoved`` when the verdict
        was given against another one, ``AliasTampered``, and as ``resolve`` does.
        """
        check_reason(why)
        known = self.ledger.state().models.get(ref.name)
        if known is not None and known.pending:
            # On its own, so that it counts even when this promotion is refused.
            self._projection.project(ref.name)
        with self.ledger.write() as writer:
            self._projection.show_pending(writer, ref.name)
            record = writer.state.resolve(ref)
            model = writer.state.model(ref.name)
            self._projection.check_aliases(model)
            if model.champion != record.version:
                check_verdict(record, model.champion)
                self._check_stored(record)
                self._at_step("promote:checked")
                digest = record.verdict.verdict_digest
                self._decide(writer, ref.name, CHAMPION, record.version, why, digest)
                if model.aliases.get(CHALLENGER) == record.version:
                    self._decide(writer, ref.name, CHALLENGER, None, why, digest)
        self._at_step("promote:decided")
        self._projection.project(ref.name)
        return record

    def _decide(
        self,
        writer: LedgerWriter,
        model: str,
        alias: Alias,
        to: str | None,
        why: str,
        verdict_digest: str,
    ) -> None:
        before = writer.state.model(model).aliases.get(alias)
        move = AliasMoved(alias=alias, before=before, to=to, verdict_digest=verdict_digest)
        self._append(writer, model, move, why)

    def _check_stored(self, record: VersionRecord) -> None:
        """The store has the version with its digest: before a decision, since one that can
        never be shown would stand in the way of every later one."""
        stored = self._versions.tags(record.model)
        if record.version not in stored:
            raise VersionNotFound(record.model, f"{record.version} in MLflow")
        found = stored[record.version].get(DIGEST_TAG, "missing")
        if found != record.digest:
            raise DigestMismatch(
                f"{record.model}/{record.version} in MLflow",
                expected=record.digest,
                found=found,
                mend="It was changed behind the ledger's back: see `proctor registry verify`.",
            )

    def _checked_records(self, run_id: str, digest: str) -> bytes:
        """The records of an evaluation run. Raises ``RunNotFound``, ``DigestMismatch``."""
        data = self._versions.records(run_id)
        found = digest_of_bytes(data)
        if found != digest:
            raise DigestMismatch(
                f"records of evaluation run {run_id}",
                expected=digest,
                found=found,
                mend="The artifact was altered: evaluate again.",
            )
        return data

    # ------------------------------------------------------------ reading

    def resolve(self, ref: ModelRef) -> VersionRecord:
        """Raises ``ModelNotFound``, ``VersionNotFound``, ``AliasNotFound``."""
        return self.ledger.state().resolve(ref)

    def champion(self, model: str) -> VersionRecord | None:
        """The champion, ``None`` when there is none yet."""
        try:
            return self.resolve(ModelRef(name=model, alias=CHAMPION))
        except (ModelNotFound, AliasNotFound):
            return None

    def state_at(self, time: datetime) -> RegistryState:
        return self.ledger.state(until=time)

    def resolve_at(self, ref: ModelRef, time: datetime) -> tuple[RegistryState, VersionRecord]:
        """The state at ``time``, and what ``ref`` was in it. Raises ``ModelNotFound`` for a
        model that the ledger never heard of, else ``NotThereThen``."""
        state = self.state_at(time)
        try:
            return state, state.resolve(ref)
        except NotFound as error:
            self.ledger.state().model(ref.name)
            reason = error.fact.rstrip(".")
            raise NotThereThen(str(ref), stamp(time), ref.name, reason) from error

    def history(self, model: str) -> list[Event]:
        """Every event of a model, oldest first. Raises ``ModelNotFound``."""
        events = [event for event in self.ledger.events() if event.model == model]
        if not events:
            raise ModelNotFound(model)
        return events

    def fetch(self, record: VersionRecord, folder: Path) -> Path:
        """Copy a version's checkpoint below ``folder``. Raises ``DigestMismatch``."""
        path = self._versions.fetch(record.registered.model_uri, folder)
        found = digest_of_folder(path)
        if found != record.digest:
            raise DigestMismatch(
                f"checkpoint of {record.model}/{record.version} in MLflow",
                expected=record.digest,
                found=found,
                mend="Its artifacts were altered: restore them, or train and register again.",
            )
        return path

    def pin(self, model: str) -> ChampionPin:
        """The champion with its answers to the suite, for the gate to judge against.

        Raises ``DigestMismatch`` when the records are not those that were registered."""
        champion = self.champion(model)
        if champion is None:
            return ChampionPin(model=model)
        verdict = champion.verdict
        data = self._checked_records(verdict.evaluation_run_id, verdict.records_digest)
        try:
            records = [QuestionRecord.model_validate_json(line) for line in data.splitlines()]
        except ValidationError as error:
            raise ResultsInvalid(Path("records.jsonl"), f"{first_fault(error)}.") from error
        return ChampionPin(
            model=model,
            version=champion.version,
            digest=champion.digest,
            suite_digest=verdict.suite_digest,
            max_new_tokens=verdict.max_new_tokens,
            correct={r.id: r.correct for r in records if r.correct is not None},
        )

    # ------------------------------------------------------------ bentos and slots

    def record_bento(self, record: VersionRecord, *, tag: str, digest: str) -> None:
        """Say which bento was built of a version; saying the same again changes nothing."""
        built = BentoBuilt(version=record.version, tag=tag, digest=digest)
        with self.ledger.write() as writer:
            if writer.state.model(record.model).version(record.version).bento != built:
                self._append(writer, record.model, built, f"bento {tag}")

    def assign_slot(self, slot: str, runs: Occupant, *, why: str) -> None:
        with self.ledger.write() as writer:
            if writer.state.slots.get(slot) != runs:
                self._append(writer, runs.model, SlotAssigned(slot=slot, runs=runs), why)

    def retire_slot(self, slot: str, *, why: str) -> None:
        """Say that nothing answers in ``slot`` any more; no event when nothing did."""
        if slot not in self.ledger.state().slots:
            return
        with self.ledger.write() as writer:
            runs = writer.state.slots.get(slot)
            if runs is not None:
                self._append(writer, runs.model, SlotRetired(slot=slot), why)

    def move_traffic(
        self, split: TrafficSplit, *, why: str, rollout: str | None = None
    ) -> TrafficSplit:
        """Share callers out between the slots as ``split`` says, from the gateways' next look
        on (half a second); the split before. Saying the same again changes nothing.

        Raises ``SlotEmpty`` where callers, what they fall back to, or a shadow's copies would
        find nobody, and ``BadInput`` without a reason."""
        check_reason(why)
        with self.ledger.write() as writer:
            before, slots = writer.state.split, writer.state.slots
            if split != before:
                check_occupied(split, slots)
                model = (slots.get(CANARY) or slots[STABLE]).model
                self._append(writer, model, TrafficMoved(split=split, rollout=rollout), why)
        return before

    # ------------------------------------------------------------ verify and repair

    def verify(self) -> list[Finding]:
        """Everything that is not as it should be; an empty list is a clean bill."""
        try:
            self.ledger.verify_chain()
        except LedgerCorrupt as error:
            return [Finding(kind="ledger", model=None, text=error.fact, mend=error.mend)]
        return find_faults(self.ledger.state(), self._versions)

    def repair(
        self, *, restore: bool = False, tell: Callable[[str], None] = lambda _line: None
    ) -> list[str]:
        """Finish our own half-applied moves; with ``restore`` also set tampered aliases
        back to what the ledger says. What was done, a line each, which ``tell`` hears at
        once, and also what was left alone. Raises ``LedgerCorrupt``, ``TrackingAway``; and,
        when all that can be is repaired, the first that cannot: ``AliasTampered`` for an
        alias left alone, or ``VersionNotFound`` where the store lost what it is to show."""
        self.ledger.verify_chain()
        done: list[str] = []
        faults: list[Refused | NotFound] = []
        known = list(self.ledger.state().models)
        # A model of which no register came to the ledger may have an alias set by others.
        others = [name for name in self._versions.models() if name not in known]
        for model in (*known, *others):
            try:
                lines = self._projection.restore(model) if restore else []
                tampered = self._projection.tampered(model)
                leave = [fault.alias for fault in tampered]
                lines += self._projection.project(model, leave)
            except (AliasTampered, VersionNotFound, ModelNotFound) as error:
                faults.append(error)
                continue
            for line in (*lines, *map(left_alone, tampered)):
                tell(line)
            done += lines
            faults += tampered
        if faults:
            raise faults[0]
        return done
