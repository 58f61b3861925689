"""How callers are shared out between slots: the words of a traffic plan.

A *slot* is a place where a bento runs: ``stable`` answers the world, ``canary`` holds the
version on trial. The split says which share of callers goes to the canary and by which salt
they are drawn, and whether a slot also hears, unseen by callers, what another one answers.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from contracts.shape import Shape

Slot = Literal["stable", "canary"]
STABLE: Final = "stable"
CANARY: Final = "canary"
SLOTS: Final[tuple[Slot, ...]] = ("stable", "canary")
Salt = Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9._:-]*$")]


class TrafficSplit(Shape):
    """``canary_ratio`` of all callers, from 0 to 1, is answered by the canary; which ones
    depends on ``salt`` and the caller alone, so a larger ratio keeps those that it had.
    ``shadow`` names the slot that hears a copy of what the others are asked; its answers go
    to the answer log only."""

    canary_ratio: float = Field(default=0.0, ge=0.0, le=1.0)
    salt: Salt = ""
    shadow: Slot | None = None
