"""Who is let in when there is much to do: as many as can be answered in time.

A lane bounds what is under way in two ways. By count, which bounds memory and connections.
And by time: what stands in the lane is worked off at a pace, a moving mean of the seconds
between two answers while there is a queue; a question whose place in that queue is beyond
its deadline would be answered too late, so it is told at once. The pace is taken over some
answers at a time, since an answerer that works in batches gives many at once, and from the
first answer on, since what comes before it is the time of taking everybody in. Few questions
(``queue_above``) are no queue: they are always let in, and can only better the pace, since
an answerer that has little to do answers as seldom as it is asked.

Source: Little's law (Operations Research 9(3), 1961); "Handling Overload",
https://sre.google/sre-book/handling-overload/ (refuse early, by the deadline).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from contracts.errors import Overloaded
from gateway.deadlines import Clock, Deadline

QUEUE_ABOVE: Final = 16
_WEIGHT: Final = 0.3
# A pace is taken over so many answers and so long, or over a longer time.
_ANSWERS: Final = 32
_SHORT_SECONDS: Final = 1.0
_LONG_SECONDS: Final = 5.0
_SOONEST_SECONDS: Final = 1.0


@dataclass(slots=True)
class Place:
    """So many questions in a lane, entered together."""

    lane: Lane
    questions: int = 1


class Lane:
    """``name`` as in "answers"; at most ``most`` questions are in it at once. ``clock`` is
    monotonic."""

    def __init__(
        self, name: str, most: int, clock: Clock, *, queue_above: int = QUEUE_ABOVE
    ) -> None:
        self.name = name
        self.most = most
        self.under_way = 0
        self.pace_seconds: float | None = None
        self._learnt = 0
        self._clock = clock
        self._queue_above = queue_above
        # When the lane was last entered empty, the first answer since then or since the pace
        # was taken, and how many came after that one.
        self._entered = clock()
        self._since: float | None = None
        self._answers = 0

    @property
    def wait_seconds(self) -> float:
        """How long one more question is expected to take; zero while that is not known."""
        return (self.pace_seconds or 0.0) * (self.under_way + 1)

    def enter(self, deadline: Deadline) -> Place:
        """A place for one question. Raises ``Overloaded``; else ``leave`` must follow."""
        self._check(1, deadline)
        if not self.under_way:
            self._entered, self._since, self._answers = self._clock(), None, 0
        self.under_way += 1
        return Place(self)

    def widen(self, place: Place, questions: int, deadline: Deadline) -> None:
        """Make ``place`` one of ``questions``, for a batch. Raises ``Overloaded``."""
        more = questions - place.questions
        self._check(more, deadline)
        self.under_way += more
        place.questions = questions

    def leave(self, place: Place, *, answered: bool) -> None:
        """A failure, not ``answered``, tells nothing of the pace."""
        self.under_way -= place.questions
        if not answered:
            return
        now = self._clock()
        if self._since is not None:
            self._answers += place.questions
            self._look(self._since, now)
        elif self.under_way:
            self._since = now
        else:
            self._learn((now - self._entered) / place.questions)

    def _look(self, since: float, now: float) -> None:
        """Take the pace, if enough was seen of it."""
        seconds = now - since
        enough = self._answers >= _ANSWERS and seconds >= _SHORT_SECONDS
        if enough or seconds >= _LONG_SECONDS or not self.under_way:
            self._learn(seconds / self._answers)
            self._since, self._answers = now, 0

    def _learn(self, pace: float) -> None:
        queued = self.under_way >= self._queue_above
        if self.pace_seconds is None:
            self.pace_seconds = pace if queued else None
        elif queued or pace < self.pace_seconds:
            # The mean of the first ones; later ones count less the longer they are past.
            weight = max(_WEIGHT, 1.0 / (self._learnt + 1))
            self.pace_seconds += weight * (pace - self.pace_seconds)
        self._learnt += self.pace_seconds is not None

    def _check(self, more: int, deadline: Deadline) -> None:
        then = self.under_way + more
        pace = self.pace_seconds or 0.0
        if then > self.most:
            raise Overloaded(
                f"{self.under_way} {self.name} are under way, and {self.most} are the most",
                retry_after_seconds=_rounded_up(pace * (then - self.most)),
            )
        late = pace * then - deadline.remaining_seconds
        if then > self._queue_above and late > 0.0:
            raise Overloaded(
                f"{self.under_way} {self.name} are under way, and this one would come"
                f" {late:.2g} s after its deadline",
                retry_after_seconds=_rounded_up(late),
            )


def _rounded_up(seconds: float) -> float:
    return max(_SOONEST_SECONDS, float(math.ceil(seconds)))
