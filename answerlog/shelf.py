"""What a writer does to the database, on one connection that it keeps.

A batch carries a number that is written in the same transaction. When a commit broke and
nobody knows whether it counts, the batch is offered again, and passed over if its number is
there: no line is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from answerlog.records import AnswerRecord
from answerlog.schema import answers, feedback, row_of, writers
from answerlog.store import LogStore
from contracts.answers import FeedbackRequest
from contracts.errors import AnswerNotFound, BadFeedback
from contracts.questions import LETTERS, letters_for
from contracts.times import stamp


@dataclass(frozen=True)
class Batch:
    """Lines that are written together; numbers rise from 1 in the life of a writer."""

    number: int
    lines: list[AnswerRecord]


@dataclass(frozen=True)
class Given:
    """Feedback, and the key that gave it."""

    key_id: str
    feedback: FeedbackRequest


Kept = str | AnswerNotFound | BadFeedback
"""What became of feedback: when it was recorded, or why it was not."""


def check_letter(given: FeedbackRequest, choices: int) -> None:
    """Raises ``BadFeedback`` for a letter that the answered question had not."""
    if given.letter is not None and LETTERS.index(given.letter) >= choices:
        raise BadFeedback(f"letter: {given.letter} is not among the choices {letters_for(choices)}")


class Shelf(Protocol):
    """Where a writer puts things. Both raise ``AnswerLogAway``, ``StorageFull`` and
    ``BadParams`` (a newer schema), after which nothing of the call counts, unless it was
    the commit that failed."""

    shown: str

    def put(self, batch: Batch, *, doubtful: bool) -> None:
        """All lines or none. ``doubtful``: it was tried before, and may be there. Raises
        ``LineUnwritable``, too."""
        ...

    def keep(self, given: Sequence[Given]) -> list[Kept]:
        """Durably: what is told as recorded is on the disk."""
        ...

    def close(self) -> None: ...


class SqlShelf:
    """The shelf in a ``LogStore``. Opens its connection when it is first needed, and anew
    after a fault. For one thread."""

    def __init__(
        self,
        store: LogStore,
        *,
        writer: str,
        keep_questions: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._writer: Final = writer
        self._keep_questions = keep_questions
        self._now = now
        self._connection: sa.Connection | None = None
        self.shown = store.shown

    def put(self, batch: Batch, *, doubtful: bool) -> None:
        rows = [row_of(line, keep_question=self._keep_questions) for line in batch.lines]
        connection = self._opened()
        try:
            with self._store.transaction(connection, durable=False):
                if doubtful and self._last_batch(connection) >= batch.number:
                    return
                connection.execute(answers.insert(), rows)
                self._count(connection, batch.number)
        except BaseException:
            self.close()
            raise

    def keep(self, given: Sequence[Given]) -> list[Kept]:
        connection = self._opened()
        try:
            with self._store.transaction(connection, durable=True):
                return [self._keep_one(connection, one) for one in given]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._store.close(connection)

    def _opened(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._store.open_to_write()
        return self._connection

    def _last_batch(self, connection: sa.Connection) -> int:
        query = sa.select(writers.c.batch).where(writers.c.writer == self._writer)
        return connection.scalar(query) or 0

    def _count(self, connection: sa.Connection, number: int) -> None:
        dialect = sqlite if self._store.sqlite else postgresql
        told = {"batch": number, "at": stamp(self._now())}
        insert = dialect.insert(writers).values(writer=self._writer, **told)
        connection.execute(insert.on_conflict_do_update(index_elements=["writer"], set_=told))

    def _keep_one(self, connection: sa.Connection, given: Given) -> Kept:
        asked = given.feedback
        if not asked.request_id.isprintable():  # no id of ours, and none that a database takes
            return AnswerNotFound(asked.request_id)
        query = (
            sa.select(answers.c.seq, answers.c.pairing, answers.c.choices)
            .where(
                answers.c.request_id == asked.request_id,
                answers.c.item == asked.item,
                answers.c.key_id == given.key_id,
                answers.c.role == "live",
                answers.c.outcome == "answered",
            )
            .order_by(answers.c.seq.desc())
            .limit(1)
        )
        found = connection.execute(query).one_or_none()
        if found is None:
            return AnswerNotFound(asked.request_id)
        try:
            check_letter(asked, found.choices)
        except BadFeedback as fault:
            return fault
        at = stamp(self._now())
        connection.execute(
            feedback.insert(),
            {
                "at": at,
                "about": found.seq,
                "pairing": found.pairing,
                "letter": asked.letter,
                "thumbs": asked.thumbs,
            },
        )
        return at
