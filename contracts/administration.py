"""What the administrative API says: which traffic goes where, and what is left out of it."""

from __future__ import annotations

from pydantic import Field

from contracts.answers import AnsweredBy
from contracts.shape import Shape
from contracts.traffic import Slot, TrafficSplit


class SlotTraffic(Shape):
    """A slot, who answers in it and where. ``ejected``: it failed, and gets no questions
    until a probe finds it well again."""

    slot: Slot
    url: str
    version: AnsweredBy
    ejected: bool


class TrafficInForce(Shape):
    """The plan by which this gateway works at this moment."""

    slots: tuple[SlotTraffic, ...] = Field(description="stable first")
    split: TrafficSplit
