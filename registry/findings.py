"""What ``verify`` looks for where ledger and store of versions must agree."""

from __future__ import annotations

from typing import Literal

from contracts.models import CHALLENGER, CHAMPION
from contracts.shape import Shape
from registry.state import ModelState, RegistryState
from registry.versions import DIGEST_TAG, VersionStore


class Finding(Shape):
    """One fault and its mending. Kinds: ``ledger`` (chain broken), ``half-applied`` (our
    own move, not yet shown), ``tampered`` (alias moved behind the ledger's back), ``digest``
    (a version's tag differs), ``unknown`` (a version that the ledger does not know),
    ``missing`` (a version that the store does not know)."""

    kind: Literal["ledger", "half-applied", "tampered", "digest", "unknown", "missing"]
    model: str | None
    text: str
    mend: str


def find_faults(state: RegistryState, versions: VersionStore) -> list[Finding]:
    """Every disagreement between ledger and store, in the order of models."""
    # A register that was killed at a model's first version left a model that only the
    # store knows.
    models = [
        *state.models.values(),
        *(ModelState(name=name) for name in versions.models() if name not in state.models),
    ]
    return [
        finding
        for model in models
        for finding in (*_alias_faults(model, versions), *_version_faults(model, versions))
    ]


def _alias_faults(model: ModelState, versions: VersionStore) -> list[Finding]:
    found = versions.aliases(model.name)
    faults = []
    for alias in (CHAMPION, CHALLENGER):
        move, ledger, shown = model.pending.get(alias), model.aliases.get(alias), found.get(alias)
        if move is not None and shown in {move.before, move.to}:
            text = (
                f"{model.name}@{alias}: the move to {move.to or 'nothing'} was decided by event"
                f" {move.seq}, but not finished."
            )
            mend = "`proctor registry repair` finishes it."
            faults.append(Finding(kind="half-applied", model=model.name, text=text, mend=mend))
        elif shown != ledger:
            text = (
                f"{model.name}@{alias} is at {shown or 'nothing'} in MLflow, but the ledger says"
                f" {ledger or 'nothing'}: it was moved behind the ledger's back."
            )
            mend = "`proctor registry repair --restore` sets it to what the ledger says."
            faults.append(Finding(kind="tampered", model=model.name, text=text, mend=mend))
    return faults


def _version_faults(model: ModelState, versions: VersionStore) -> list[Finding]:
    tags = versions.tags(model.name)
    faults = []
    for number, record in model.versions.items():
        if number not in tags:
            text = f"{model.name}/{number} is in the ledger, but not in MLflow."
            mend = "Restore MLflow's database from a backup."
            faults.append(Finding(kind="missing", model=model.name, text=text, mend=mend))
        elif tags[number].get(DIGEST_TAG) != record.digest:
            text = f"{model.name}/{number} has another digest in MLflow than in the ledger."
            mend = f"Somebody changed the tag {DIGEST_TAG}: set it to {record.digest}."
            faults.append(Finding(kind="digest", model=model.name, text=text, mend=mend))
    for number in sorted(set(tags) - set(model.versions)):
        text = (
            f"{model.name}/{number} is in MLflow, but not in the ledger: a register that was"
            " killed, or a version made by hand."
        )
        mend = "Run `proctor registry register` again, or delete the version in MLflow."
        faults.append(Finding(kind="unknown", model=model.name, text=text, mend=mend))
    return faults
