"""Takes lines out of the log, so that nothing of them is left in its file.

Deleting marks room as free and leaves the bytes there. On SQLite what is deleted is
overwritten (``secure_delete``), the file is written anew (``VACUUM``: indexes keep stale
copies of what they moved) and the write-ahead log cut to nothing, for it holds pages as they
were. On PostgreSQL the tables are written anew. Copies elsewhere (backups, replicas,
PostgreSQL's own write-ahead log until it is recycled) are not reached.

Source: https://www.sqlite.org/pragma.html#pragma_secure_delete,
https://www.sqlite.org/lang_vacuum.html, https://www.postgresql.org/docs/current/sql-vacuum.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from answerlog.records import Purged
from answerlog.schema import answers, feedback, writers
from answerlog.store import LogStore
from contracts.errors import AnswerLogAway, StorageFull
from contracts.times import stamp

# Writers wait while lines are deleted: a little at a time.
STEP_LINES: Final = 5_000


def purge(
    store: LogStore,
    *,
    callers: Sequence[str] | None = None,
    before: datetime | None = None,
    dry_run: bool = False,
    step_lines: int = STEP_LINES,
) -> Purged:
    """Remove the lines of ``callers`` (hashes), and those answered before ``before``; both
    given, those that are both. Feedback on them goes with them. With ``dry_run`` they are
    counted only. Raises ``AnswerLogAway``, ``StorageFull``, ``BadParams``; what was removed
    by then is gone, and the same call goes on."""
    if callers is None and before is None:
        raise ValueError("neither callers nor a time")
    wanted = _conditions(callers, before)
    if dry_run or not _is_there(store):
        return _counted(store, wanted)
    lines = told = 0
    with _open(store) as connection:
        first, last = connection.execute(
            sa.select(sa.func.min(answers.c.seq), sa.func.max(answers.c.seq))
        ).one()
        for start in range(first or 0, (last or -1) + 1, step_lines):
            step = sa.and_(wanted, answers.c.seq.between(start, start + step_lines - 1))
            about = sa.select(answers.c.seq).where(step)
            with store.transaction(connection, durable=True):
                told += connection.execute(
                    feedback.delete().where(feedback.c.about.in_(about))
                ).rowcount
                lines += connection.execute(answers.delete().where(step)).rowcount
        if before is not None:
            with store.transaction(connection, durable=True):
                connection.execute(writers.delete().where(writers.c.at < stamp(before)))
        reason = _compact(store, connection)
    return Purged(lines=lines, feedback=told, compacted=not reason, reason=reason)


def _conditions(callers: Sequence[str] | None, before: datetime | None) -> sa.ColumnElement[bool]:
    both: list[sa.ColumnElement[bool]] = []
    if callers is not None:
        both.append(answers.c.caller.in_(callers))
    if before is not None:
        both.append(answers.c.at < stamp(before))
    return sa.and_(*both)


def _is_there(store: LogStore) -> bool:
    with store.reading() as connection:
        return connection is not None


def _counted(store: LogStore, wanted: sa.ColumnElement[bool]) -> Purged:
    with store.reading() as connection:
        if connection is None:
            return Purged(lines=0, feedback=0, compacted=True)
        about = sa.select(answers.c.seq).where(wanted)
        return Purged(
            lines=_count(connection, answers, wanted),
            feedback=_count(connection, feedback, feedback.c.about.in_(about)),
            compacted=False,
            reason="nothing was removed, as was asked for",
        )


def _count(connection: sa.Connection, table: sa.Table, wanted: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(wanted)) or 0


@contextmanager
def _open(store: LogStore) -> Iterator[sa.Connection]:
    connection = store.open_to_write()
    try:
        if store.sqlite:
            with store.faults():
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
        yield connection
    finally:
        store.close(connection)


def _compact(store: LogStore, connection: sa.Connection) -> str:
    """Leave no byte of what was removed; why that failed, else nothing."""
    try:
        with store.faults():
            return _compact_sqlite(connection) if store.sqlite else _compact_postgres(connection)
    except (StorageFull, AnswerLogAway) as fault:
        return fault.fact


def _compact_sqlite(connection: sa.Connection) -> str:
    connection.exec_driver_sql("VACUUM")
    busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    return "somebody is reading the log" if busy else ""


def _compact_postgres(connection: sa.Connection) -> str:
    connection.rollback()
    alone: Any = connection.execution_options(isolation_level="AUTOCOMMIT")
    for table in (answers, feedback):
        alone.exec_driver_sql(f"VACUUM (FULL) {table.name}")
    return ""
