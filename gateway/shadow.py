"""Work that nobody waits for: what a shadow slot is asked, bounded in number and at the end.

A copy of a question is asked after its caller has been answered, so it delays nobody; where
too many are under way already it is dropped and counted, so a slow shadow costs memory for a
set number of questions and no more. What goes wrong there is the shadow's, and is recorded as
such by the work itself; a fault of our own is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass

_log = logging.getLogger("gateway.shadow")


@dataclass(frozen=True)
class ShadowStats:
    """Questions since the start, and those under way now."""

    asked_total: int
    dropped_total: int
    under_way: int


class Shadows:
    """At most ``most_under_way`` questions at once."""

    def __init__(self, most_under_way: int) -> None:
        self._most = most_under_way
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._asked = 0
        self._dropped = 0
        self._closed = False

    def stats(self) -> ShadowStats:
        return ShadowStats(self._asked, self._dropped, sum(self._under_way.values()))

    def has_room(self, questions: int) -> bool:
        """Whether ``start`` would take as many; where not, they count as dropped."""
        if not self._closed and sum(self._under_way.values()) + questions <= self._most:
            return True
        self._dropped += questions
        return False

    def start(self, questions: int, work: Coroutine[None, None, None]) -> None:
        """Let ``work`` about ``questions`` run beside everything else."""
        task = asyncio.create_task(work)
        self._under_way[task] = questions
        self._asked += questions
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a shadow's question failed", exc_info=error)

    async def close(self, seconds: float) -> None:
        """Take nothing more, wait ``seconds`` at most for what is under way, end the rest."""
        self._closed = True
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=seconds)
        for task, questions in list(self._under_way.items()):
            task.cancel()
            self._dropped += questions
        if self._under_way:
            await asyncio.wait(list(self._under_way))
