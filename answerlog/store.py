"""Where the answer log lies: SQLite in write-ahead mode, or PostgreSQL, by URL.

One writer at a time: SQLite's own lock, an advisory lock on PostgreSQL. So lines become
visible in the order of their numbers. Lines are committed without waiting for the disk
(a power cut may take the last ones, and harms none before them); feedback is committed
*durably*: the disk has it, and every line before it, when the commit returns.

Source: https://www.sqlite.org/pragma.html#pragma_synchronous,
https://www.postgresql.org/docs/current/wal-async-commit.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from answerlog import schema
from contracts.errors import AnswerLogAway, BadParams, ProctorError, StorageFull
from contracts.files import storage_faults

VARIABLE: Final = "PROCTOR_ANSWER_LOG_URL"
BUSY_SECONDS: Final = 5.0
# Any number that nobody else uses as an advisory lock in this database.
POSTGRES_LOCK: Final = 7_265_481_191
# SQLite knows only ENOSPC as a full disk. A quota or a limit on file sizes comes as a
# failed write, and where the log's index is made, as a failed opening or size of that.
_SQLITE_FULL: Final = {
    "SQLITE_FULL",
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_SHMOPEN",
    "SQLITE_IOERR_SHMSIZE",
}


class LineUnwritable(Exception):
    """The database refuses what a line says; it would refuse it again."""


class LogStore:
    """The answer log's database at a SQLAlchemy URL. Cheap to make: nothing is opened until
    it is used, and nothing is made until something is written."""

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Raises ``BadParams`` for a URL that names no database that we know.
        ``busy_seconds``: how long to wait for another writer."""
        try:
            self._url = sa.make_url(url)
            self.sqlite: Final = self._url.get_backend_name() == "sqlite"
            if self.sqlite and self._url.database in {None, "", ":memory:"}:
                # Every connection would see an empty database of its own.
                raise BadParams(VARIABLE, f"{self.shown} names no file.")
            if not self.sqlite and self._url.get_backend_name() != "postgresql":
                raise BadParams(VARIABLE, f"{self.shown} is neither SQLite nor PostgreSQL.")
            if self._url.drivername == "postgresql":
                self._url = self._url.set(drivername="postgresql+psycopg")
            self._engine = sa.create_engine(self._url, **self._options(busy_seconds))
        except (sa.exc.ArgumentError, ModuleNotFoundError, ValueError) as error:
            # Without the URL: it may hold a password.
            raise BadParams(VARIABLE, f"it cannot be used: {error}.") from error
        self._busy_seconds = busy_seconds

    def _options(self, busy_seconds: float) -> dict[str, Any]:
        # A connection is kept by the one that writes, and opened anew by whoever reads.
        options: dict[str, Any] = {"poolclass": sa.NullPool}
        if self.sqlite:
            # The writer's connection is closed by whichever thread ends it.
            sqlite = {"timeout": busy_seconds, "check_same_thread": False}
            return {**options, "isolation_level": "AUTOCOMMIT", "connect_args": sqlite}
        postgresql = {
            "connect_timeout": 5,
            # Milliseconds of silence after which a peer that vanished counts as gone.
            "tcp_user_timeout": 10_000,
            "application_name": "proctor-answer-log",
        }
        return {**options, "isolation_level": "READ COMMITTED", "connect_args": postgresql}

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self._url.render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """SQLite's file; ``None`` on PostgreSQL."""
        return Path(self._url.database or "") if self.sqlite else None

    # ------------------------------------------------------------ opening

    @contextmanager
    def reading(self) -> Iterator[sa.Connection | None]:
        """A connection to read with; ``None`` where nothing was ever written. Raises
        ``AnswerLogAway``, and ``BadParams`` for a newer schema."""
        if self.file is not None and not self.file.exists():
            yield None
            return
        with self.faults(), self._engine.connect() as connection:
            yield connection if self._is_made(connection) else None

    def open_to_write(self) -> sa.Connection:
        """A connection to write with, on tables that are there. Close it when done. Raises
        ``AnswerLogAway``, ``StorageFull``, and ``BadParams`` for a newer schema."""
        with self.faults():
            if self.file is not None:
                _make_private_file(self.file)
            connection = self._engine.connect()
        try:
            if self.sqlite:
                with self.faults():
                    self._use_log(connection)
            with self.transaction(connection, durable=True):
                if not self._is_made(connection):
                    schema.metadata.create_all(connection)
                    version = schema.schema.insert().values(version=schema.SCHEMA_VERSION)
                    connection.execute(version)
        except BaseException:
            self.close(connection)
            raise
        return connection

    def close(self, connection: sa.Connection) -> None:
        """Close, whatever state it is in."""
        with suppress(sa.exc.SQLAlchemyError, OSError):
            connection.invalidate()
        with suppress(sa.exc.SQLAlchemyError, OSError):
            connection.close()

    def size_bytes(self, connection: sa.Connection) -> int:
        """What the log takes on disk."""
        if self.file is not None:
            parts = [self.file.with_name(self.file.name + end) for end in ("", "-wal", "-shm")]
            return sum(part.stat().st_size for part in parts if part.exists())
        sizes = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN (%s)"
        names = ", ".join(f"'{table.name}'" for table in schema.TABLES)
        return int(connection.exec_driver_sql(sizes % names).scalar() or 0)

    def _is_made(self, connection: sa.Connection) -> bool:
        """Whether our tables are there. Raises ``BadParams`` for those of a later Proctor."""
        if not sa.inspect(connection).has_table(schema.schema.name):
            return False
        found = connection.scalar(sa.select(sa.func.max(schema.schema.c.version)))
        if found is not None and found > schema.SCHEMA_VERSION:
            raise BadParams(
                VARIABLE,
                f"the answer log at {self.shown} has schema {found}, this Proctor knows"
                f" {schema.SCHEMA_VERSION}: upgrade Proctor, or name another log.",
            )
        return found is not None

    def _use_log(self, connection: sa.Connection) -> None:
        """Switch to the write-ahead log. Who comes while another one switches is told
        "locked" at once, however long the time-out: try again until it is over."""
        deadline = time.monotonic() + self._busy_seconds
        while True:
            try:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            except sa.exc.OperationalError as error:
                name = getattr(error.orig, "sqlite_errorname", "")
                if not name.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    # ------------------------------------------------------------ writing

    @contextmanager
    def transaction(self, connection: sa.Connection, *, durable: bool) -> Iterator[None]:
        """An exclusive write: all of the block is there when it ends, or nothing when it
        raises. ``durable``: on the disk, too. Raises ``AnswerLogAway`` (after which it may
        be there or not, where it was the commit that failed), ``StorageFull``,
        ``LineUnwritable``."""
        with self.faults():
            self._begin(connection, durable=durable)
            try:
                yield
                self._end(connection, "COMMIT")
            except BaseException:
                # A connection that broke has lost the transaction already.
                with suppress(sa.exc.SQLAlchemyError):
                    self._end(connection, "ROLLBACK")
                raise

    def _begin(self, connection: sa.Connection, *, durable: bool) -> None:
        if self.sqlite:
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        wait = int(self._busy_seconds * 1_000)
        commit = "on" if durable else "off"
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = {wait}; SET LOCAL statement_timeout = {2 * wait};"
            f" SET LOCAL synchronous_commit = {commit};"
            f" SELECT pg_advisory_xact_lock({POSTGRES_LOCK})"
        )

    def _end(self, connection: sa.Connection, how: str) -> None:
        if not self.sqlite:
            (connection.commit if how == "COMMIT" else connection.rollback)()
        elif how == "COMMIT" or _in_transaction(connection):
            connection.exec_driver_sql(how)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn what the database and the disk say into our errors."""
        try:
            with storage_faults(self.file or Path(self.shown)):
                yield
        except ProctorError:
            raise
        except (sa.exc.DataError, sa.exc.IntegrityError) as error:
            raise LineUnwritable(_reason(error)) from error
        except sa.exc.SQLAlchemyError as error:
            if _is_full(error):
                raise StorageFull(self.file or Path(self.shown)) from error
            raise AnswerLogAway(self.shown, _reason(error)) from error
        except (UnicodeError, OverflowError) as error:
            raise LineUnwritable(type(error).__name__) from error
        except OSError as error:
            raise AnswerLogAway(self.shown, str(error)) from error


def _reason(error: sa.exc.SQLAlchemyError) -> str:
    """The driver's words, on one line: never the statement, which holds what was written."""
    told = getattr(error, "orig", None) or type(error).__name__
    return " ".join(str(told).split())[:300]


def _is_full(error: sa.exc.SQLAlchemyError) -> bool:
    origin = getattr(error, "orig", None)
    return (
        getattr(origin, "sqlite_errorname", "") in _SQLITE_FULL
        or getattr(origin, "sqlstate", "") == "53100"  # PostgreSQL's disk_full
        or "No space left" in str(origin)
    )


def _in_transaction(connection: sa.Connection) -> bool:
    # SQLite ends the transaction itself after some errors (a full disk is one).
    return bool(getattr(connection.connection.dbapi_connection, "in_transaction", False))


def _make_private_file(file: Path) -> None:
    """An empty file that only its owner may read: SQLite gives its companions the same
    mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
