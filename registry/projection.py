"""The projection: what the ledger decided, shown as aliases in the store of versions.

It happens inside an exclusive transaction of its own that also appends that it did, so a
late mover can never overwrite a newer alias. A kill between decision and projection leaves
a pending move, which the next command (or ``repair``) finishes. An alias that stands where
no move of ours put it was moved behind the ledger's back: it is reported, never followed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from contracts.errors import AliasTampered, MoveNotShown, TrackingAway
from contracts.models import CHALLENGER, CHAMPION, Alias
from registry.events import AliasProjected, AliasRestored, Event, Payload
from registry.evidence import shown
from registry.ledger import Ledger, LedgerWriter
from registry.state import ModelState
from registry.versions import VersionStore

ALIASES: tuple[Alias, ...] = (CHAMPION, CHALLENGER)

Append = Callable[[LedgerWriter, str, Payload, str], Event]
"""Adds an event of a model, with a reason, as whoever moves."""


class Projection:
    """Holds a store's aliases to a ledger. ``at_step`` as in ``registry.registry``."""

    def __init__(
        self,
        ledger: Ledger,
        versions: VersionStore,
        *,
        append: Append,
        at_step: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._versions = versions
        self._append = append
        self._at_step = at_step

    def project(self, model: str, leave: Collection[str] = ()) -> list[str]:
        """Show a model's decided moves, those of the aliases in ``leave`` excepted; what was
        done, a line each. Raises ``AliasTampered``, and ``MoveNotShown`` when the store is
        away."""
        try:
            with self._ledger.write() as writer:
                done = self.show_pending(writer, model, leave)
        except TrackingAway as error:
            raise MoveNotShown(model, error.reason) from error
        self._at_step("projected")
        return done

    def show_pending(
        self, writer: LedgerWriter, model: str, leave: Collection[str] = ()
    ) -> list[str]:
        """Show decided moves in the store, inside the caller's exclusive transaction."""
        done = []
        state = writer.state.models.get(model)
        for alias, move in (state.pending if state else {}).items():
            if alias in leave:
                continue
            found = self._versions.aliases(model).get(alias)
            if found not in {move.before, move.to}:
                raise AliasTampered(model, alias, ledger=shown(move.to), found=shown(found))
            if found != move.to:
                self._versions.set_alias(model, alias, move.to)
            self._at_step(f"{alias}:shown")
            payload = AliasProjected.model_validate(
                {"alias": alias, "to": move.to, "move": move.seq}
            )
            self._append(writer, model, payload, "MLflow shows the move")
            done.append(f"{model}@{alias} now shows {shown(move.to)}, decided by event {move.seq}")
        return done

    def check_aliases(self, model: ModelState) -> None:
        """Raises ``AliasTampered`` unless the store shows what the ledger says."""
        found = self._versions.aliases(model.name)
        for alias in ALIASES:
            ledger = model.aliases.get(alias)
            if found.get(alias) != ledger:
                raise AliasTampered(
                    model.name, alias, ledger=shown(ledger), found=shown(found.get(alias))
                )

    def tampered(self, model: str) -> list[AliasTampered]:
        """An error for each alias that stands where no move of ours put it."""
        state = self._ledger.state().models.get(model) or ModelState(name=model)
        return [
            AliasTampered(model, alias, ledger=shown(state.aliases.get(alias)), found=shown(found))
            for alias, found in self._moved_by_others(state).items()
        ]

    def _moved_by_others(self, state: ModelState) -> dict[Alias, str | None]:
        """Where the aliases are that no move of ours put there."""
        found = self._versions.aliases(state.name)
        moved: dict[Alias, str | None] = {}
        for alias in ALIASES:
            move, to = state.pending.get(alias), state.aliases.get(alias)
            ours = {to, move.before} if move else {to}
            if found.get(alias) not in ours:
                moved[alias] = found.get(alias)
        return moved

    def restore(self, model: str) -> list[str]:
        """Decide, for each alias that others moved, that it goes back to what the ledger
        says; ``project`` then shows it. What was decided, a line each."""
        done = []
        with self._ledger.write() as writer:
            state = writer.state.models.get(model) or ModelState(name=model)
            for alias, found in self._moved_by_others(state).items():
                to = state.aliases.get(alias)
                payload = AliasRestored(alias=alias, found=found, to=to)
                self._append(writer, model, payload, "repair --restore")
                done.append(f"{model}@{alias} was at {shown(found)}, is at {shown(to)}")
        return done


def left_alone(fault: AliasTampered) -> str:
    """The line that says so of an alias that ``repair`` does not touch."""
    return (
        f"left alone: {fault.model}@{fault.alias} is at {fault.found} in MLflow, the ledger says"
        f" {fault.ledger}; `proctor registry repair --restore` sets it back"
    )
