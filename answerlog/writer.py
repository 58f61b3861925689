"""Writes the log beside those who answer: a bounded queue, and a thread of its own.

``record`` puts a line into the queue and returns. Every twentieth of a second what is
queued is written, so many lines a transaction. While the database is away or the disk full,
lines wait; when the queue is full, further ones are dropped and counted; when it is back,
writing goes on by itself. Feedback overtakes the queue up to the line that it is about, and
is acknowledged when the disk has it. ``turn`` is all that the thread does, so that tests
need neither the thread nor time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from answerlog.records import AnswerRecord
from answerlog.shelf import Batch, Given, Shelf
from answerlog.spool import Spool
from answerlog.store import LineUnwritable
from contracts.errors import AnswerLogAway, AnswerNotFound, ProctorError
from contracts.shape import Shape

TOLD_SECONDS: Final = 60.0
_log = logging.getLogger("answerlog")


class WriterSettings(Shape):
    """Bounds of one writer."""

    most_lines: int = Field(default=10_000, ge=1, description="that wait to be written")
    most_bytes: int = Field(default=100_000_000, ge=1, description="of lines that wait")
    most_feedback: int = Field(default=1_000, ge=1, description="that waits to be written")
    batch_lines: int = Field(default=500, ge=1, description="in one transaction")
    linger_seconds: float = Field(default=0.05, ge=0.0, description="for a batch to fill")
    retry_seconds: float = Field(default=1.0, gt=0.0, description="after the log was away")


@dataclass(frozen=True)
class WriterStats:
    """Counters since the writer began, and what waits now. ``write_seconds`` and
    ``writes`` are of transactions with lines; ``fault`` is why nothing is written now."""

    lines_written: int
    lines_dropped: int
    queue_lines: int
    queue_bytes: int
    feedback_recorded: int
    feedback_refused: int
    writes: int
    write_seconds: float
    fault: str | None


@dataclass(frozen=True)
class _Waiting:
    """Feedback (or, without any, somebody) that waits for the first ``until`` lines."""

    given: Given | None
    until: int
    told: Future[str]


class Writer:
    """Start it to have a thread of its own, or call ``turn``. ``clock`` is monotonic;
    ``on_write`` hears the seconds of every transaction with lines."""

    def __init__(
        self,
        shelf: Shelf,
        settings: WriterSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_write: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._settings = settings or WriterSettings()
        self._shelf = shelf
        self._clock = clock
        self._on_write = on_write
        self._spool = Spool(
            most_lines=self._settings.most_lines, most_bytes=self._settings.most_bytes
        )
        # The batch at work, and what is left of one that had to be parted.
        self._batch: Batch | None = None
        self._parts: deque[list[AnswerRecord]] = deque()
        self._numbered = 0
        self._doubtful = False
        self._arrived: deque[_Waiting] = deque()
        self._waiting: list[_Waiting] = []
        self._lost = self._written = self._writes = 0
        self._recorded = self._refused = 0
        self._write_seconds = 0.0
        self._fault: str | None = None
        self._told_at: float | None = None
        self._told_dropped = 0
        # Lines came; somebody waits, or the end has come.
        self._wake, self._call = threading.Event(), threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="answer-log", daemon=True)

    # ------------------------------------------------------------ for any thread

    def record(self, line: AnswerRecord) -> None:
        """Returns at once, never raises; dropped and counted where there is no room."""
        if self._spool.add(line) and not self._wake.is_set():
            self._wake.set()

    def submit(self, given: Given | None) -> Future[str]:
        """When feedback was recorded, once it is on the disk; without any, when the lines
        of before are dealt with. The future may fail with ``AnswerNotFound``,
        ``BadFeedback``, ``AnswerLogAway``, ``StorageFull``."""
        told: Future[str] = Future()
        if self._closing or len(self._arrived) + len(self._waiting) >= self._settings.most_feedback:
            reason = "it is closing" if self._closing else "too much feedback waits"
            told.set_exception(AnswerLogAway(self._shelf.shown, reason))
            return told
        self._arrived.append(_Waiting(given, self._spool.accepted, told))
        self._call.set()
        self._wake.set()
        return told

    def stats(self) -> WriterStats:
        return WriterStats(
            lines_written=self._written,
            lines_dropped=self._dropped,
            queue_lines=self._spool.lines,
            queue_bytes=self._spool.bytes,
            feedback_recorded=self._recorded,
            feedback_refused=self._refused,
            writes=self._writes,
            write_seconds=self._write_seconds,
            fault=self._fault,
        )

    @property
    def _dropped(self) -> int:
        return self._spool.refused + self._lost

    # ------------------------------------------------------------ the thread

    def start(self) -> None:
        self._thread.start()

    def close(self, *, seconds: float) -> None:
        """Write what is queued, for so long at most; what is left then is lost and told."""
        self._closing = True
        self._spool.close()
        self._call.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        else:
            self._end()
        if left := self._spool.lines:
            _log.warning("the answer log was closed with %d lines unwritten", left)

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait()
            self._call.wait(self._settings.linger_seconds)
            self._wake.clear()
            self._call.clear()
            if not self.turn():
                self._call.wait(self._settings.retry_seconds)
                self._wake.set()
        self._end()

    def _end(self) -> None:
        self.turn()
        self._fail(AnswerLogAway(self._shelf.shown, "it is closing"))
        self._shelf.close()

    # ------------------------------------------------------------ a turn

    def turn(self) -> bool:
        """Write all that is queued, and answer who waits; ``False`` when that failed and is
        to be tried again."""
        try:
            while True:
                self._serve()
                batch = self._next()
                if batch is None:
                    break
                self._put(batch)
        except ProctorError as fault:
            self._failed(fault.fact)
            self._fail(fault)
            return False
        except Exception as fault:  # noqa: BLE001 - the thread must outlive what nobody foresaw
            self._failed(type(fault).__name__)
            _log.debug("it failed in an unforeseen way", exc_info=fault)
            self._fail(AnswerLogAway(self._shelf.shown, "it failed in an unforeseen way"))
            return False
        self._went_well()
        return True

    def _next(self) -> Batch | None:
        """The batch at work, or a new one; ``None`` when nothing is left."""
        if self._batch is None:
            most = self._settings.batch_lines
            lines = self._parts.popleft() if self._parts else self._spool.take(most)
            if lines:
                # Numbers rise in the order of writing, or a later one would hide an earlier.
                self._numbered += 1
                self._batch = Batch(self._numbered, lines)
        return self._batch

    def _put(self, batch: Batch) -> None:
        began = self._clock()
        try:
            self._shelf.put(batch, doubtful=self._doubtful)
        except LineUnwritable as fault:
            self._doubtful = False
            self._part(batch, fault)
            return
        except BaseException:
            self._doubtful = True
            raise
        seconds = self._clock() - began
        self._doubtful = False
        self._batch = None
        self._spool.settle(batch.lines)
        self._written += len(batch.lines)
        self._writes += 1
        self._write_seconds += seconds
        self._on_write(seconds)

    def _part(self, batch: Batch, fault: LineUnwritable) -> None:
        """Halve a batch that holds a line that cannot be written, until it stands alone."""
        self._batch = None
        if len(batch.lines) == 1:
            self._spool.settle(batch.lines)
            self._lost += 1
            self._fault = f"a line cannot be written ({fault})"
            return
        half = len(batch.lines) // 2
        self._parts.appendleft(batch.lines[half:])
        self._parts.appendleft(batch.lines[:half])

    # ------------------------------------------------------------ who waits

    def _serve(self) -> None:
        """Record the feedback whose answer is there; whoever's lines are dealt with, and is
        not there, is told so."""
        while self._arrived:
            one = self._arrived.popleft()
            if one.told.set_running_or_notify_cancel():
                self._waiting.append(one)
        asking = [one.given for one in self._waiting if one.given is not None]
        kept = iter(self._shelf.keep(asking) if asking else [])
        still = []
        for one in self._waiting:
            outcome = None if one.given is None else next(kept)
            unknown = outcome is None or isinstance(outcome, AnswerNotFound)
            if unknown and self._spool.settled < one.until:
                still.append(one)
            elif isinstance(outcome, ProctorError):
                self._refused += 1
                one.told.set_exception(outcome)
            else:
                self._recorded += outcome is not None
                one.told.set_result(outcome or "")
        self._waiting = still

    def _fail(self, fault: ProctorError) -> None:
        """Nobody who waits was acknowledged, and each is told why."""
        failed = [*self._waiting]
        self._waiting = []
        while self._arrived:
            one = self._arrived.popleft()
            if one.told.set_running_or_notify_cancel():
                failed.append(one)
        for one in failed:
            self._refused += one.given is not None
            one.told.set_exception(fault)

    # ------------------------------------------------------------ telling

    def _failed(self, reason: str) -> None:
        self._fault = reason
        self._tell("answers go on, their log does not: %s", reason)

    def _went_well(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None or self._dropped > self._told_dropped:
            self._tell("the answer log is written again, after: %s", fault or "a full queue")

    def _tell(self, words: str, reason: str) -> None:
        """One warning a minute at most, with what was dropped since the last one."""
        now = self._clock()
        if self._told_at is not None and now - self._told_at < TOLD_SECONDS:
            return
        dropped = self._dropped
        _log.warning(
            words + "; lines waiting: %d, dropped since this was last told: %d",
            reason.rstrip("."),
            self._spool.lines,
            dropped - self._told_dropped,
        )
        self._told_at, self._told_dropped = now, dropped
