"""What a rule or a verdict refuses."""

from __future__ import annotations

from pathlib import Path

from contracts.errors.root import Refused


class GateNotPassed(Refused):
    slug = "gate-not-passed"
    title = "The gate was not passed"

    def __init__(self, subject: str, reason: str, *, mend: str = "") -> None:
        self.subject = subject
        self.reason = reason
        super().__init__(f"{subject} did not pass the gate: {reason}", mend=mend)


class DigestMismatch(Refused):
    slug = "digest-mismatch"
    title = "Bytes differ from what was recorded"

    def __init__(self, subject: str, *, expected: str, found: str, mend: str) -> None:
        self.subject = subject
        self.expected = expected
        self.found = found
        super().__init__(
            f"{subject}: the digest is {found[:19]}…, but {expected[:19]}… was recorded.",
            mend=mend,
        )


class ProofBroken(Refused):
    """Items of a bank did not stand their verification; ``question`` is the first."""

    slug = "proof-broken"
    title = "A question's proof does not hold"

    def __init__(self, folder: Path, question: str, reason: str, questions: int) -> None:
        self.folder = folder
        self.question = question
        self.reason = reason
        self.questions = questions
        super().__init__(
            f"{folder}: {questions} of its questions do not hold, first {question}: {reason}.",
            mend="The bank was altered: build it anew with `proctor questions build`.",
        )


class ExperimentDeleted(Refused):
    """``experiment`` is its name or its id, whichever MLflow told."""

    slug = "experiment-deleted"
    title = "The experiment was deleted"

    def __init__(self, experiment: str) -> None:
        self.experiment = experiment
        super().__init__(
            f"MLflow's experiment {experiment} was deleted in its pages: no run can be added.",
            mend="`mlflow experiments search --view deleted_only` tells its id and `mlflow"
            " experiments restore -x ID` brings it back; or name another experiment in"
            " params.yaml.",
        )


class KeyTaken(Refused):
    """Also by a key that was revoked: the answer log means that one by it."""

    slug = "key-taken"
    title = "A key of that name is or was there"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"there is or was a key {key}.",
            mend="Take another name, or give it a new secret with `proctor keys rotate`.",
        )


class ChampionMoved(Refused):
    """The alias moved between the judgement and the move; the mover lost."""

    slug = "champion-moved"
    title = "The champion is another one by now"

    def __init__(self, model: str, *, judged_against: str, present: str) -> None:
        self.model = model
        self.judged_against = judged_against
        self.present = present
        super().__init__(
            f"{model}: the verdict was given against {judged_against}, but the champion is"
            f" {present} by now; nothing was moved.",
            mend="Judge again: `proctor registry pin`, `dvc repro gate`,"
            " `proctor registry register`, then promote.",
        )


class AliasTampered(Refused):
    slug = "alias-tampered"
    title = "An alias was moved behind the ledger's back"

    def __init__(self, model: str, alias: str, *, ledger: str, found: str) -> None:
        self.model = model
        self.alias = alias
        self.ledger = ledger
        self.found = found
        super().__init__(
            f"{model}@{alias} points to {found} in MLflow, but the ledger says {ledger}:"
            " it was moved behind the ledger's back.",
            mend="See `proctor registry verify`; `proctor registry repair --restore` sets the"
            " alias to what the ledger says.",
        )


class LedgerCorrupt(Refused):
    slug = "ledger-corrupt"
    title = "The ledger's chain does not hold"

    def __init__(self, seq: int, reason: str) -> None:
        self.seq = seq
        self.reason = reason
        super().__init__(
            f"the ledger is damaged at event {seq}: {reason}.",
            mend="Restore the ledger's database from a backup; nothing was changed.",
        )


class SlotEmpty(Refused):
    """``purpose``: what the slot was to be, as in "take callers"."""

    slug = "slot-empty"
    title = "Nothing answers in that slot"

    def __init__(self, slot: str, purpose: str) -> None:
        self.slot = slot
        self.purpose = purpose
        super().__init__(
            f"slot {slot} cannot {purpose}: no version is assigned to it.",
            mend="Assign one first; `proctor traffic show` says what answers where.",
        )


class BentoNotBuilt(Refused):
    slug = "bento-not-built"
    title = "The bento could not be built"

    def __init__(self, subject: str, reason: str) -> None:
        self.subject = subject
        self.reason = reason
        super().__init__(f"the bento of {subject} could not be built: {reason}")


class DemoFailed(Refused):
    """A command of the demonstration did not end as it must."""

    slug = "demo-failed"
    title = "The demonstration failed"

    def __init__(self, command: str, returncode: int, work: Path) -> None:
        self.command = command
        self.returncode = returncode
        super().__init__(
            f"`{command}` ended with {returncode}.",
            mend=f"Its output is above; logs of the services are in {work}/.proctor/logs.",
        )


class StackConflict(Refused):
    slug = "stack-conflict"
    title = "The local stack cannot do that"


class StackFileDamaged(StackConflict):
    """Nobody knows what of ours runs: nothing is started beside it, nothing ended."""

    slug = "stack-file-damaged"
    title = "The file of what runs cannot be read"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} does not tell what `proctor up` started: {reason}.",
            mend="MLflow, answerer and gateway may still run: find them with `ps -ef`, end them"
            f" by their ids, remove {path.name}, then run `proctor up`.",
        )


class PortBusy(StackConflict):
    slug = "port-busy"
    title = "The port is taken"

    def __init__(self, service: str, host: str, port: int) -> None:
        self.service = service
        self.port = port
        super().__init__(
            f"{service} cannot start: {host}:{port} is taken by another program.",
            mend=f"End that program, or choose another port: --{service}-port of `proctor up`,"
            " --port of the others.",
        )


class ChildDied(StackConflict):
    slug = "child-died"
    title = "A process ended while it was starting"

    def __init__(self, service: str, returncode: int | None, log: Path, tail: str) -> None:
        self.service = service
        self.returncode = returncode
        self.log = log
        ended = "was not ready in time" if returncode is None else f"ended with {returncode}"
        super().__init__(f"{service} {ended}; the end of {log}:\n{tail}\n")
