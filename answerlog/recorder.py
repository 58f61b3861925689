"""The answer log as a gateway uses it: lines go in at once, feedback when it is on the disk."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from answerlog.records import AnswerRecord
from answerlog.shelf import Given, SqlShelf
from answerlog.store import LogStore
from answerlog.writer import Writer, WriterSettings, WriterStats
from contracts.answers import FeedbackReply, FeedbackRequest
from contracts.errors import AnswerLogAway, AnswerNotFound, StorageFull
from contracts.times import utc_now

CLOSE_SECONDS: Final = 5.0
FEEDBACK_SECONDS: Final = 5.0
# Another gateway's lines are in the database after so long: its writer lingers half of it.
LOOK_AGAIN_SECONDS: Final = 0.1
_log = logging.getLogger("answerlog")


class AnswerLog:
    """Writes while it is open (``with``). ``feedback_seconds`` bounds how long feedback may
    take; ``look_again_seconds`` is waited before feedback on an unknown answer is refused,
    since another gateway may just be writing it."""

    def __init__(
        self,
        writer: Writer,
        *,
        shown: str,
        feedback_seconds: float = FEEDBACK_SECONDS,
        look_again_seconds: float = LOOK_AGAIN_SECONDS,
        close_seconds: float = CLOSE_SECONDS,
    ) -> None:
        self._writer = writer
        self._shown = shown
        self._feedback_seconds = feedback_seconds
        self._look_again_seconds = look_again_seconds
        self._close_seconds = close_seconds
        self._looked_again = 0

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close(seconds=self._close_seconds)

    def record(self, line: AnswerRecord) -> None:
        """Returns at once and never raises; a line for which there is no room is counted."""
        self._writer.record(line)

    async def feedback(self, key_id: str, given: FeedbackRequest) -> FeedbackReply:
        """On the disk when it returns. Raises ``AnswerNotFound`` where this key got no such
        answer, ``BadFeedback``, ``AnswerLogAway``, ``StorageFull``."""
        try:
            return await self._keep(Given(key_id, given))
        except AnswerNotFound:
            self._looked_again += 1
            await asyncio.sleep(self._look_again_seconds)
            return await self._keep(Given(key_id, given))

    async def _keep(self, given: Given) -> FeedbackReply:
        told = asyncio.wrap_future(self._writer.submit(given))
        try:
            at = await asyncio.wait_for(told, self._feedback_seconds)
        except TimeoutError as error:
            reason = f"nothing within {self._feedback_seconds:g} s"
            raise AnswerLogAway(self._shown, reason) from error
        asked = given.feedback
        return FeedbackReply(request_id=asked.request_id, item=asked.item, recorded_at=at)

    def flush(self, seconds: float = CLOSE_SECONDS) -> None:
        """Wait until the lines of before are written (or lost). Raises ``AnswerLogAway``,
        ``StorageFull``, and ``TimeoutError``."""
        self._writer.submit(None).result(seconds)

    def stats(self) -> WriterStats:
        stats = self._writer.stats()
        # Who is refused after the second look was refused once.
        return replace(stats, feedback_refused=stats.feedback_refused - self._looked_again)


def open_answer_log(
    store: LogStore,
    *,
    keep_questions: bool = False,
    settings: WriterSettings | None = None,
    on_write: Callable[[float], None] = lambda _seconds: None,
    now: Callable[[], datetime] = utc_now,
) -> AnswerLog:
    """An answer log in ``store``; ``keep_questions`` writes the texts of questions, too.
    A database that is away is no error here: it is tried again. Raises ``BadParams`` for a
    newer schema."""
    try:
        store.close(store.open_to_write())
    except (AnswerLogAway, StorageFull) as fault:
        _log.warning("answers go on, their log does not: %s", fault.fact)
    shelf = SqlShelf(store, writer=uuid.uuid4().hex, keep_questions=keep_questions, now=now)
    return AnswerLog(Writer(shelf, settings, on_write=on_write), shown=store.shown)
