"""What a move of traffic must find: somebody wherever it sends callers."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.errors import SlotEmpty
from contracts.traffic import CANARY, STABLE, TrafficSplit
from registry.events import Occupant


def check_occupied(split: TrafficSplit, slots: Mapping[str, Occupant]) -> None:
    """Raises ``SlotEmpty`` where callers, what they fall back to, or a shadow's copies would
    find nobody. To take all callers from the canary needs only that one slot is taken."""
    if split.canary_ratio > 0.0 and CANARY not in slots:
        raise SlotEmpty(CANARY, "take callers")
    if STABLE not in slots and (split.canary_ratio > 0.0 or CANARY not in slots):
        raise SlotEmpty(STABLE, "answer the others")
    if split.shadow is not None and split.shadow not in slots:
        raise SlotEmpty(split.shadow, "be the shadow")
