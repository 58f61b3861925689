"""Makes API keys: the random part, how long an old one counts, and the local stack's own.

Source: https://docs.python.org/3/library/secrets.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Final

from contracts.errors import BadInput
from contracts.files import write_atomically
from gateway.key_file import KeptKeys, add_key, read_keys, rotate_key
from gateway.keys import SCOPES, SECRET_BYTES, Key, parted, spelled

LOCAL: Final = "local"
_DURATION: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

RandomHex = Callable[[int], str]


def read_duration(text: str) -> timedelta:
    """As in ``1d``, ``12h``, ``30m``, ``45s`` or ``0``. Raises ``BadInput``."""
    found = _DURATION.fullmatch(text if text != "0" else "0s")
    if found is None:
        raise BadInput(f"{text!r} is no time.", mend="Write it as 1d, 12h, 30m, 45s or 0.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def make_key(path: Path, key: Key, now: datetime, random_hex: RandomHex = token_hex) -> str:
    """Add ``key`` to the file; what is to be presented, which nobody can tell again. Raises
    as ``add_key`` does."""
    secret = random_hex(SECRET_BYTES)
    add_key(path, key, secret, now)
    return spelled(key.id, secret)


def renew_key(
    path: Path, key_id: str, grace: timedelta, now: datetime, random_hex: RandomHex = token_hex
) -> str:
    """Give a key a new secret; the old one counts for ``grace``. Otherwise as ``make_key``,
    and raises as ``rotate_key`` does."""
    secret = random_hex(SECRET_BYTES)
    rotate_key(path, key_id, secret, now, now + grace)
    return spelled(key_id, secret)


def ensure_local_key(
    keys_file: Path, key_file: Path, now: datetime, random_hex: RandomHex = token_hex
) -> bool:
    """See that ``key_file`` holds a key of all scopes that counts; whether one was made.

    Raises ``KeysInvalid``, ``StorageFull``."""
    kept = read_keys(keys_file)
    if _counts(kept, key_file, now):
        return False
    name = next(name for name in _local_names() if not kept.is_revoked(name))
    if kept.named(name) is None:
        key = Key(id=name, scopes=frozenset(SCOPES))
        presented = make_key(keys_file, key, now, random_hex)
    else:
        presented = renew_key(keys_file, name, timedelta(), now, random_hex)
    write_atomically(key_file, presented + "\n", private=True)
    return True


def _local_names() -> Iterator[str]:
    """A revoked key's name is not used again."""
    yield LOCAL
    for number in count(2):
        yield f"{LOCAL}-{number}"


def _counts(kept: KeptKeys, key_file: Path, now: datetime) -> bool:
    try:
        parts = parted(key_file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return False
    known = kept.named(parts[0]) if parts else None
    return bool(parts and known and known.accepts(parts[1], now))
