"""Whose question it is: the end user as far as it can be known, to split traffic by.

The caller is whom ``X-Caller-Id`` names, if an authenticated key says so; else the key; else,
in the open mode, the address that the request comes from. Which of the three it was is part
of who it is: the same text from two sources is two callers. Logs carry the hash.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

from contracts.errors import HeaderInvalid
from gateway.keys import Key

CALLER_HEADER: Final = "X-Caller-Id"
CallerSource = Literal["header", "key", "address"]
_HASH_LENGTH: Final = 32
_SANE_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class Caller:
    """``id`` is as ``source`` gave it; ``key`` is the one that was presented."""

    key: Key
    id: str
    source: CallerSource

    @property
    def hashed(self) -> str:
        """The first 32 hex digits of the SHA-256 of source and id: how logs name a caller."""
        named = f"{self.source}:{self.id}".encode()
        return hashlib.sha256(named).hexdigest()[:_HASH_LENGTH]


def caller_of(key: Key, named: str | None, address: str) -> Caller:
    """``named`` is what ``X-Caller-Id`` says. Raises ``HeaderInvalid`` where that is said and
    is not 1 to 128 visible characters of ASCII."""
    if key.anonymous:
        return Caller(key, address, "address")
    if named is None:
        return Caller(key, key.id, "key")
    if not _SANE_ID.fullmatch(named):
        raise HeaderInvalid(CALLER_HEADER, "1 to 128 visible ASCII characters are wanted")
    return Caller(key, named, "header")
