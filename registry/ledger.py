"""The ledger's store: append-only events in SQL, one writer at a time.

MLflow's aliases know no compare-and-swap (the last writer wins), so every decision is
taken here: ``write`` is an exclusive transaction in which the state is read, judged and
added to. SQLite by default (write-ahead log: readers never wait), PostgreSQL by URL.
Triggers refuse to change or remove an event; ``verify_chain`` finds one changed anyway.

Source: https://www.sqlite.org/lang_transaction.html (BEGIN IMMEDIATE),
https://www.postgresql.org/docs/current/explicit-locking.html (advisory locks).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from pydantic import ValidationError

from contracts.digests import canonical_json
from contracts.errors import BadParams, LedgerAway, LedgerCorrupt, StorageFull
from contracts.faults import first_fault
from contracts.files import storage_faults
from contracts.times import stamp, utc_now
from registry.events import NO_EVENT, Event, Payload, chain
from registry.state import RegistryState, fold

BUSY_SECONDS: Final = 60
# Any number that nobody else uses as an advisory lock in this database.
POSTGRES_LOCK: Final = 7_265_481_190

_metadata = sa.MetaData()
_events = sa.Table(
    "proctor_events",
    _metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("commit", sa.String(80), nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("previous", sa.String(80), nullable=False),
    sa.Column("hash", sa.String(80), nullable=False, unique=True),
)
_SQLITE_GUARDS: Final = tuple(
    f"CREATE TRIGGER IF NOT EXISTS proctor_no_{verb} BEFORE {verb.upper()} ON proctor_events"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    for verb in ("update", "delete")
)
_POSTGRES_GUARDS: Final = (
    (
        "CREATE OR REPLACE FUNCTION proctor_append_only() RETURNS trigger AS $$"
        " BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$ LANGUAGE plpgsql"
    ),
    (
        "CREATE OR REPLACE TRIGGER proctor_append_only"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON proctor_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION proctor_append_only()"
    ),
)
# SQLite knows only ENOSPC as a full disk. A quota or a limit on file sizes comes as a
# failed write, and a disk that is full when the log's index is made as a failed one of these.
_SQLITE_FULL: Final = {
    "SQLITE_FULL",
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_SHMOPEN",
    "SQLITE_IOERR_SHMSIZE",
}


class LedgerWriter:
    """An exclusive write transaction: nobody else can add an event until it ends."""

    def __init__(
        self, connection: sa.Connection, events: list[Event], now: Callable[[], datetime]
    ) -> None:
        self._connection = connection
        self._last = events[-1] if events else None
        self._now = now
        self.state: RegistryState = fold(events)

    def append(self, model: str, payload: Payload, *, who: str, why: str, commit: str) -> Event:
        """Add one event; it counts when the transaction ends well."""
        at = stamp(self._now())
        # A clock that was set back must not make the past look later than the present.
        at = max(at, self._last.at) if self._last else at
        event = chain(
            seq=self._last.seq + 1 if self._last else 1,
            at=at,
            model=model,
            payload=payload,
            who=_storable(who),
            why=_storable(why),
            commit=_storable(commit),
            previous=self._last.hash if self._last else NO_EVENT,
        )
        row = event.model_dump(mode="json")
        self._connection.execute(_events.insert(), {**row, "data": canonical_json(row["data"])})
        self._last = event
        self.state = fold([event], self.state)
        return event


class Ledger:
    """The ledger at a SQLAlchemy URL. Cheap to make: nothing is opened until it is used."""

    def __init__(self, url: str, now: Callable[[], datetime] = utc_now) -> None:
        """Raises ``BadParams`` for a URL that names no database that we know."""
        try:
            self._url = sa.make_url(url)
            self._sqlite = self._url.get_backend_name() == "sqlite"
            if self._sqlite and self._url.database in {None, "", ":memory:"}:
                # Every connection would see an empty database of its own.
                raise BadParams("PROCTOR_LEDGER_URL", f"{self._shown} names no file.")
            if not self._sqlite and self._url.get_backend_name() != "postgresql":
                raise BadParams(
                    "PROCTOR_LEDGER_URL", f"{self._shown} is neither SQLite nor PostgreSQL."
                )
            if self._url.drivername == "postgresql":
                self._url = self._url.set(drivername="postgresql+psycopg")
            options: dict[str, Any] = (
                {"connect_args": {"timeout": BUSY_SECONDS}, "poolclass": sa.NullPool}
                if self._sqlite
                else {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}
            )
            self._engine = sa.create_engine(
                self._url,
                isolation_level="AUTOCOMMIT" if self._sqlite else "READ COMMITTED",
                **options,
            )
        except (sa.exc.ArgumentError, ModuleNotFoundError, ValueError) as error:
            # Without the URL: it may hold a password.
            raise BadParams("PROCTOR_LEDGER_URL", f"it cannot be used: {error}.") from error
        if self._sqlite:
            sa.event.listen(self._engine, "connect", _read_any_bytes)
        self._now = now

    @property
    def _shown(self) -> str:
        return self._url.render_as_string(hide_password=True)

    @property
    def _file(self) -> Path | None:
        return Path(self._url.database or "") if self._sqlite else None

    # ------------------------------------------------------------ reading

    def events(self, after: int = 0) -> list[Event]:
        """Events with ``seq`` above ``after``, in order; none when nothing was ever
        written. Raises ``LedgerAway``, and ``LedgerCorrupt`` for a row that is no event."""
        if self._file is not None and not self._file.exists():
            return []
        with self._faults(), self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(_events.name):
                return []
            return self._read(connection, after)

    def _read(self, connection: sa.Connection, after: int = 0) -> list[Event]:
        query = _events.select().where(_events.c.seq > after).order_by(_events.c.seq)
        return [_event(dict(row)) for row in connection.execute(query).mappings()]

    def state(self, until: datetime | None = None) -> RegistryState:
        """The state now, or as it was at ``until``."""
        events = self.events()
        if until is not None:
            events = [event for event in events if event.at <= stamp(until)]
        return fold(events)

    def verify_chain(self) -> int:
        """The number of events, when each follows from the one before. Raises
        ``LedgerCorrupt`` naming the first that does not.

        Removing the *last* events leaves a shorter chain that holds; the store of
        versions then shows what the ledger does not know."""
        return len(_checked(self.events()))

    # ------------------------------------------------------------ writing

    @contextmanager
    def write(self) -> Iterator[LedgerWriter]:
        """Exclusive: what is appended in the block is there whole when it ends, or not at
        all when it raises. Nothing is added to a chain that does not hold. Raises
        ``LedgerAway``, ``LedgerCorrupt``, ``StorageFull``."""
        with self._faults():
            if self._file is not None:
                _make_folder(self._file.parent)
            connection = self._engine.connect()
        with connection, self._faults():
            try:
                self._begin(connection)
                yield LedgerWriter(connection, _checked(self._read(connection)), self._now)
                self._end(connection, "COMMIT")
            except BaseException:
                # A connection that broke has lost the transaction already.
                with suppress(sa.exc.DBAPIError):
                    self._end(connection, "ROLLBACK")
                raise

    def _begin(self, connection: sa.Connection) -> None:
        if self._sqlite:
            _use_log(connection)
            connection.exec_driver_sql("PRAGMA synchronous=FULL")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(POSTGRES_LOCK)))
        if not sa.inspect(connection).has_table(_events.name):
            _metadata.create_all(connection)
            for guard in _SQLITE_GUARDS if self._sqlite else _POSTGRES_GUARDS:
                connection.exec_driver_sql(guard)

    def _end(self, connection: sa.Connection, how: str) -> None:
        if not self._sqlite:
            (connection.commit if how == "COMMIT" else connection.rollback)()
        elif how == "COMMIT" or _in_transaction(connection):
            connection.exec_driver_sql(how)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            name, reason = getattr(error.orig, "sqlite_errorname", ""), str(error.orig).strip()
            if name in _SQLITE_FULL or "No space left" in reason:
                raise StorageFull(self._file or Path(self._shown)) from error
            raise LedgerAway(self._shown, reason) from error
        except _NoFolder as error:
            raise LedgerAway(self._shown, str(error)) from error


class _NoFolder(Exception):
    """The folder of the ledger's file cannot be made."""


def _make_folder(folder: Path) -> None:
    try:
        with storage_faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _NoFolder(str(error)) from error


def _in_transaction(connection: sa.Connection) -> bool:
    # SQLite ends the transaction itself after some errors (a full disk is one).
    return bool(getattr(connection.connection.dbapi_connection, "in_transaction", False))


def _use_log(connection: sa.Connection) -> None:
    """Switch to the write-ahead log. Who comes while another one switches is told "locked"
    at once, however long the time-out: try again until it is over."""
    deadline = time.monotonic() + BUSY_SECONDS
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


def _storable(text: str) -> str:
    """``text`` as UTF-8 can hold it: bytes of a command line that are none, spelled out."""
    return text.encode(errors="backslashreplace").decode()


def _read_any_bytes(connection: Any, _record: object) -> None:
    """Let bytes that are no UTF-8 be read, and found by the chain, not by the driver."""
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")


def _event(row: dict[str, Any]) -> Event:
    """The event of a row. What is stored must be what was hashed, to the last byte: no
    other spelling of the same JSON, no bytes for a text."""
    try:
        event = Event.model_validate({**row, "data": json.loads(row["data"])})
        event.payload()
        stored = {**event.model_dump(mode="json"), "data": canonical_json(event.data)}
        canonical_json(stored).encode()
    except (ValueError, TypeError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else error
        raise LedgerCorrupt(_place(row), f"it is no event: {reason}") from error
    for column, value in row.items():
        if type(value) is not type(stored[column]) or value != stored[column]:
            raise LedgerCorrupt(_place(row), f"its {column} is not as it was written")
    return event


def _place(row: dict[str, Any]) -> int:
    return row["seq"] if isinstance(row["seq"], int) else 0


def _checked(events: list[Event]) -> list[Event]:
    """``events``, when the chain from the first to the last holds; ``LedgerCorrupt``."""
    previous = NO_EVENT
    for place, event in enumerate(events, start=1):
        if event.seq != place:
            raise LedgerCorrupt(place, f"event {place} is missing, {event.seq} comes instead")
        if event.previous != previous:
            raise LedgerCorrupt(place, "it does not follow from the event before it")
        if event.computed_hash() != event.hash:
            raise LedgerCorrupt(place, "its content does not give its hash")
        previous = event.hash
    return events
