"""Until when an answer is worth having, as a moment on a clock that only goes forward.

A deadline is set once, where a request comes in, and handed down from there: each step asks
what remains instead of counting a time-out of its own, so that steps in a row cannot add up
beyond it. ``share`` keeps a part back for what may have to follow. The wall clock plays no
part: stepping it moves no deadline. Source: https://sre.google/sre-book/addressing-cascading-failures/
(deadline propagation).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Deadline:
    """``ends_at`` in seconds of ``clock``; ``seconds`` is what it had in whole when it was
    set, to be told to people."""

    ends_at: float
    seconds: float
    clock: Clock = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Clock = time.monotonic) -> Self:
        """The deadline that is ``seconds`` away from now."""
        return cls(clock() + seconds, seconds, clock)

    @property
    def remaining_seconds(self) -> float:
        """What is left of it, zero when it has passed."""
        return max(0.0, self.ends_at - self.clock())

    @property
    def passed(self) -> bool:
        return self.ends_at <= self.clock()

    def share(self, ratio: float) -> Self:
        """The deadline that ends when ``ratio`` (0 to 1) of what remains now is used up."""
        part = self.remaining_seconds * ratio
        return replace(self, ends_at=self.clock() + part, seconds=part)
