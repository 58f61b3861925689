"""Keys in a file: hashed, written whole, read again when it changes.

The file is JSON, private to its owner (mode 0600), and holds no secret. Writers hold a lock
and replace it in one step, so a reader sees the old file or the new one. A gateway looks at
it from a thread of its own: a request waits for no disk. A file that cannot be read, or that
others may write, changes nothing: the last known keys stay in force, and the log and a
metric say so. The end of a rotated secret is a moment of the wall clock, in UTC.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, ValidationError

from contracts.errors import KeyNotFound, KeysInvalid, KeyTaken
from contracts.faults import first_fault
from contracts.files import write_atomically
from contracts.shape import Shape
from gateway.keys import Key, KeyId, Scope, digest_of_secret, is_secret_of, parted

REFRESH_SECONDS: Final = 1.0
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_log = logging.getLogger("gateway.keys")
SecretDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class KeptSecret(Shape):
    """``digest``: SHA-256 of the secret in hex. Times are UTC, ``ends_at`` of a secret that
    another one replaced."""

    digest: SecretDigest
    made_at: datetime
    ends_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        return self.ends_at is None or now < self.ends_at


class KeptKey(Shape):
    """A key as it is kept. A revoked one has no secrets, and its id stays taken, so that the
    answer log means one key by it for ever."""

    id: KeyId
    scopes: tuple[Scope, ...] = Field(min_length=1)
    requests_per_second: float | None = Field(default=None, gt=0.0, le=1e6)
    burst: int | None = Field(default=None, ge=1, le=1_000_000)
    concurrent: int | None = Field(default=None, ge=1, le=100_000)
    secrets: tuple[KeptSecret, ...] = Field(max_length=2)
    revoked_at: datetime | None = None

    def accepts(self, secret: str, now: datetime) -> bool:
        """Whether ``secret`` is one of its own that counts. Every one of them is compared, so
        that the time taken tells nothing."""
        digest, right = digest_of_secret(secret), False
        for kept in self.secrets:
            right |= is_secret_of(kept.digest, digest) and kept.counts(now)
        return right

    def shown(self, now: datetime) -> dict[str, Any]:
        """A row for people, without anything secret."""
        counting = [kept for kept in self.secrets if kept.counts(now)]
        return {
            "name": self.id,
            "state": "revoked" if self.revoked_at else "counts",
            "scopes": " ".join(self.scopes),
            "requests_per_second": self.requests_per_second,
            "burst": self.burst,
            "concurrent": self.concurrent,
            "secrets": len(counting),
            "newest": counting[0].made_at.isoformat(timespec="seconds") if counting else None,
            "oldest_ends": next(
                (kept.ends_at.isoformat(timespec="seconds") for kept in counting if kept.ends_at),
                None,
            ),
        }

    def key(self) -> Key:
        return Key(
            id=self.id,
            scopes=frozenset(self.scopes),
            requests_per_second=self.requests_per_second,
            burst=self.burst,
            concurrent=self.concurrent,
        )


class KeptKeys(Shape):
    """The file."""

    keys: tuple[KeptKey, ...] = ()

    def named(self, key_id: str) -> KeptKey | None:
        return next((kept for kept in self.keys if kept.id == key_id), None)

    def is_revoked(self, key_id: str) -> bool:
        kept = self.named(key_id)
        return kept is not None and kept.revoked_at is not None

    def with_key(self, kept: KeptKey) -> KeptKeys:
        """With ``kept`` in the place of the one of its id, or at the end."""
        if self.named(kept.id) is None:
            return KeptKeys(keys=(*self.keys, kept))
        return KeptKeys(keys=tuple(kept if old.id == kept.id else old for old in self.keys))


def read_keys(path: Path) -> KeptKeys:
    """The keys in ``path``, none where there is no file. Raises ``KeysInvalid``."""
    try:
        with path.open("rb") as stream:
            if stat.S_IMODE(path.stat().st_mode) & _WRITABLE_BY_OTHERS:
                raise KeysInvalid(path, "others than its owner may write it")
            return KeptKeys.model_validate_json(stream.read())
    except FileNotFoundError:
        return KeptKeys()
    except OSError as error:
        raise KeysInvalid(path, error.strerror or str(error)) from error
    except ValidationError as error:
        raise KeysInvalid(path, first_fault(error)) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time; another one waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, keys: KeptKeys) -> None:
    write_atomically(path, keys.model_dump_json(indent=2) + "\n", private=True)


def add_key(path: Path, key: Key, secret: str, now: datetime) -> None:
    """Add ``key`` with its first secret. Raises ``KeyTaken``, also for a revoked one's id,
    ``KeysInvalid``, ``StorageFull``."""
    with _locked(path):
        keys = read_keys(path)
        if keys.named(key.id) is not None:
            raise KeyTaken(key.id)
        kept = KeptKey(
            id=key.id,
            scopes=tuple(sorted(key.scopes)),
            requests_per_second=key.requests_per_second,
            burst=key.burst,
            concurrent=key.concurrent,
            secrets=(KeptSecret(digest=digest_of_secret(secret), made_at=now),),
        )
        _write(path, keys.with_key(kept))


def rotate_key(path: Path, key_id: str, secret: str, now: datetime, ends_at: datetime) -> None:
    """Give the key a new secret; the present one counts until ``ends_at``, one that was
    replaced before no longer. Raises ``KeyNotFound``, ``KeysInvalid``, ``StorageFull``."""
    with _locked(path):
        keys = read_keys(path)
        kept = _present(keys, key_id)
        newest = KeptSecret(digest=digest_of_secret(secret), made_at=now)
        old = kept.secrets[0].model_copy(update={"ends_at": ends_at})
        secrets = (newest, old) if ends_at > now else (newest,)
        _write(path, keys.with_key(kept.model_copy(update={"secrets": secrets})))


def revoke_key(path: Path, key_id: str, now: datetime) -> None:
    """Raises ``KeyNotFound``, also for one that was revoked before, ``KeysInvalid``."""
    with _locked(path):
        keys = read_keys(path)
        kept = _present(keys, key_id)
        _write(path, keys.with_key(kept.model_copy(update={"secrets": (), "revoked_at": now})))


def _present(keys: KeptKeys, key_id: str) -> KeptKey:
    kept = keys.named(key_id)
    if kept is None or keys.is_revoked(key_id):
        raise KeyNotFound(key_id)
    return kept


def utc_now() -> datetime:
    return datetime.now(UTC)


class FileKeys:
    """A ``KeySource`` that follows a file while it is open (``with``).

    ``told`` hears after every look whether the file could be read, and how many keys count."""

    def __init__(
        self,
        path: Path,
        *,
        refresh_seconds: float = REFRESH_SECONDS,
        now: Callable[[], datetime] = utc_now,
        told: Callable[[bool, int], None] = lambda _sound, _keys: None,
    ) -> None:
        self._path = path
        self._refresh_seconds = refresh_seconds
        self._now = now
        self._told = told
        self._known: dict[str, tuple[Key, KeptKey]] = {}
        self._seen: tuple[int, ...] | None = None
        self._sound = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="key-file", daemon=True)

    def __enter__(self) -> Self:
        """Read once, then look again in the background. Raises ``KeysInvalid``: a gateway
        that knows no keys yet cannot start on a broken file."""
        self._take()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=2.0)

    def __len__(self) -> int:
        """How many keys count."""
        return len(self._known)

    def find(self, presented: str) -> Key | None:
        parts = parted(presented)
        known = self._known.get(parts[0]) if parts else None
        if parts is None or known is None:
            return None
        key, kept = known
        return key if kept.accepts(parts[1], self._now()) else None

    def refresh(self) -> bool:
        """Read the file if it is another one by now; ``False`` when that failed and the old
        keys stay."""
        try:
            self._take()
        except KeysInvalid as error:
            if self._sound:
                _log.error("the keys stay as they were: %s", error.fact)
            self._sound = False
        self._told(self._sound, len(self._known))
        return self._sound

    def _follow(self) -> None:
        while not self._ended.wait(self._refresh_seconds):
            self.refresh()

    def _take(self) -> None:
        seen = _identity(self._path)
        if seen == self._seen:
            return
        keys = read_keys(self._path)
        self._known = {kept.id: (kept.key(), kept) for kept in keys.keys if kept.secrets}
        self._seen = seen
        if not self._sound:
            _log.warning("the keys follow %s again", self._path)
        self._sound = True


def _identity(path: Path) -> tuple[int, ...] | None:
    """What changes with the file; ``None`` without one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)
