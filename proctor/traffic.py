"""Works out the split of callers that a command asks for, from the one that there is."""

from __future__ import annotations

from pydantic import ValidationError

from contracts.errors import BadInput
from contracts.faults import first_fault
from contracts.traffic import CANARY, TrafficSplit
from registry.state import RegistryState

NO_SHADOW = "none"


def changed_split(
    state: RegistryState, *, canary: float | None, shadow: str | None, salt: str | None
) -> TrafficSplit:
    """The present split with what is given put in its place. ``canary`` is a ratio from 0 to
    1, ``shadow`` a slot or ``none``. Where the canary had no callers and no salt is given, it
    becomes the name of the version on trial, so that another version draws other callers.
    Raises ``BadInput``."""
    present = state.split
    changes: dict[str, object] = {}
    if canary is not None:
        changes["canary_ratio"] = canary
    if shadow is not None:
        changes["shadow"] = None if shadow == NO_SHADOW else shadow
    runs = state.slots.get(CANARY)
    if salt is not None:
        changes["salt"] = salt
    elif not present.canary_ratio and canary and runs is not None:
        changes["salt"] = f"{runs.model}:{runs.version}"[:100]
    try:
        return TrafficSplit.model_validate({**present.model_dump(), **changes})
    except ValidationError as error:
        raise BadInput(
            f"not a split of callers: {first_fault(error)}.",
            mend="--canary is from 0 to 1, --shadow is stable, canary or none, --salt is up to"
            " 100 letters, digits and . _ : -",
        ) from error
