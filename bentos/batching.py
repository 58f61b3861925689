"""Requests become batches, without waiting for company.

When the model is free it takes what waits: of it the oldest, and of the others those that
``choose`` reads best with it. So a lone question never waits, and the busier the model, the
larger its batches ("adaptive batching": Crankshaw et al., Clipper, NSDI 2017, section 4.3;
without a timer, since a batch forms while the one before is scored). Nobody is overtaken for
ever: whoever has waited longest goes next.

Dropped unscored: work that its caller gave up (its task was cancelled) and work whose
deadline has passed. Refused at once: more than ``most_waiting``, and what would not be
reached within its deadline at the rate of the last passes.

One thread does all the scoring. Everything else runs in one event loop, and the clock is an
argument (seconds, monotonic). Knows no model, no HTTP.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from contracts.errors import Overloaded, ScoredTooLate

Work = TypeVar("Work")
Done = TypeVar("Done")
_Any = TypeVar("_Any")

# Share of the newest pass in the measured rate.
_NEWEST: Final = 0.2
_SOON_SECONDS: Final = 1.0


class Watcher(Protocol):
    """Hears what a batcher does, in the event loop's thread."""

    def waits(self, questions: int) -> None:
        """So many wait now."""

    def scored(self, questions: int, tokens: int, seconds: float) -> None:
        """One pass was made."""

    def dropped(self, reason: str) -> None:
        """One was not scored: ``cancelled``, ``late`` or ``refused``."""


class NoWatcher:
    """Hears nothing."""

    def waits(self, questions: int) -> None: ...
    def scored(self, questions: int, tokens: int, seconds: float) -> None: ...
    def dropped(self, reason: str) -> None: ...


@dataclass(eq=False)
class _Entry(Generic[Work, Done]):
    work: Work
    tokens: int
    began: float
    ends_at: float
    done: asyncio.Future[Done]


class Batcher(Generic[Work, Done]):
    """``score`` runs in the scoring thread; it gives a result for each work, in order.
    ``choose`` says which of those that wait, oldest first, go into the next pass: places,
    0 among them."""

    def __init__(
        self,
        score: Callable[[Sequence[Work]], Sequence[Done]],
        choose: Callable[[Sequence[Work]], Sequence[int]],
        *,
        most_waiting: int,
        clock: Callable[[], float] = time.monotonic,
        watcher: Watcher | None = None,
    ) -> None:
        self._score = score
        self._choose = choose
        self._most_waiting = most_waiting
        self._clock = clock
        self._watcher = watcher or NoWatcher()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scoring")
        self._waiting: list[_Entry[Work, Done]] = []
        self._working: asyncio.Task[None] | None = None
        self._ended = False
        self._tokens_per_second: float | None = None

    async def submit(self, work: Work, *, tokens: int, ends_at: float = math.inf) -> Done:
        """The result for ``work``. ``tokens``: its size; ``ends_at``: by the clock.

        Cancelled, it is taken out of those that wait. Raises ``Overloaded``, ``ScoredTooLate``,
        and what ``score`` raises for it.
        """
        self.check_room(ends_at)
        entry = _Entry[Work, Done](
            work, tokens, self._clock(), ends_at, asyncio.get_running_loop().create_future()
        )
        self._waiting.append(entry)
        self._watcher.waits(len(self._waiting))
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="batcher")
        try:
            return await entry.done
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
                self._watcher.dropped("cancelled")
            raise

    async def exclusively(self, deed: Callable[[], _Any]) -> _Any:
        """Run ``deed`` in the scoring thread, between two passes: nobody else is at the model."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, deed)

    async def idle(self) -> None:
        """Returns once nothing is being scored and nothing waits for it."""
        while self._working is not None:
            await asyncio.wait([self._working])

    async def end(self) -> None:
        """Score what waits, then end the thread. What comes from now on is ``Overloaded``."""
        self._ended = True
        await self.idle()
        self._thread.shutdown()

    @property
    def seconds_to_wait(self) -> float:
        """How long what waits will take, at the rate of the last passes; 0 before the first."""
        waiting = sum(entry.tokens for entry in self._waiting)
        return waiting / self._tokens_per_second if self._tokens_per_second else 0.0

    def check_room(self, ends_at: float = math.inf) -> None:
        """Raise what ``submit`` would raise now, ``Overloaded`` or ``ScoredTooLate``."""
        reason, soon = "", self.seconds_to_wait
        if self._ended:
            reason, soon = "this answerer is ending", _SOON_SECONDS
        elif len(self._waiting) >= self._most_waiting:
            reason = f"{len(self._waiting)} questions wait here already"
        elif self._clock() >= ends_at:
            self._watcher.dropped("late")
            raise ScoredTooLate(0.0)
        elif soon > ends_at - self._clock():
            reason = f"what waits here takes {soon:.3g} s, beyond the deadline"
        if reason:
            self._watcher.dropped("refused")
            raise Overloaded(reason, retry_after_seconds=max(soon, _SOON_SECONDS))

    # ------------------------------------------------------------ passes

    async def _work(self) -> None:
        """Pass after pass while something waits."""
        try:
            while batch := self._take():
                began = self._clock()
                await self._pass(batch)
                self._measure(batch, self._clock() - began)
        except BaseException as error:
            # Nobody shall wait for passes that will not come.
            for entry in self._waiting:
                if not entry.done.done():
                    entry.done.set_exception(error)
            self._waiting = []
            raise
        finally:
            self._working = None

    def _take(self) -> list[_Entry[Work, Done]]:
        """The next batch, out of those that wait; none when nothing waits in time."""
        self._drop()
        if not self._waiting:
            self._watcher.waits(0)
            return []
        chosen = set(self._choose([entry.work for entry in self._waiting]))
        batch = [entry for place, entry in enumerate(self._waiting) if place in chosen]
        self._waiting = [e for place, e in enumerate(self._waiting) if place not in chosen]
        self._watcher.waits(len(self._waiting))
        return batch

    def _drop(self) -> None:
        """Take out what nobody wants any more."""
        now = self._clock()
        kept: list[_Entry[Work, Done]] = []
        for entry in self._waiting:
            if entry.done.done():
                self._watcher.dropped("cancelled")
            elif entry.ends_at <= now:
                self._watcher.dropped("late")
                entry.done.set_exception(ScoredTooLate(now - entry.began))
            else:
                kept.append(entry)
        self._waiting = kept

    async def _pass(self, batch: list[_Entry[Work, Done]]) -> None:
        """Score a batch and tell its callers. Where it fails, each by itself: what one work
        breaks on is no other's fault."""
        try:
            results = await self.exclusively(lambda: self._score([one.work for one in batch]))
        except Exception as error:  # noqa: BLE001  # it is the caller's, who is told
            if len(batch) > 1:
                for entry in batch:
                    await self._pass([entry])
            elif not batch[0].done.done():
                batch[0].done.set_exception(error)
            return
        for entry, result in zip(batch, results, strict=True):
            if not entry.done.done():
                entry.done.set_result(result)

    def _measure(self, batch: list[_Entry[Work, Done]], seconds: float) -> None:
        tokens = sum(entry.tokens for entry in batch)
        self._watcher.scored(len(batch), tokens, seconds)
        if seconds > 0:
            rate = tokens / seconds
            before = self._tokens_per_second or rate
            self._tokens_per_second = before + _NEWEST * (rate - before)
