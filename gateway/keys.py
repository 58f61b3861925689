"""API keys: who may ask what, and how often.

A key is ``pk_ID_SECRET``: an id that may be shown and logged, and 256 random bits in hex.
Nobody keeps the secret, only its SHA-256. A slow hash, as for passwords, protects what can
be guessed; 256 random bits cannot, and a fast hash lets every request be checked.
Source: NIST SP 800-63B, section 5.1.2.2 (secrets of at least 112 bits of entropy are stored
under an approved one-way function, only weaker ones need a key derivation); RFC 6750 for how
a key is presented. Knows no file: ``key_file`` reads one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field, StringConstraints

from contracts.shape import Shape

Scope = Literal["answer", "feedback", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("answer", "feedback", "admin")
KeyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
SECRET_BYTES: Final = 32
_PRESENTED: Final = re.compile(r"pk_([a-z0-9][a-z0-9-]{0,39})_([0-9a-f]{64})")


class Key(Shape):
    """What a key may do. Its rate is a bucket of ``burst`` requests (by default a second's
    worth, at least one) that ``requests_per_second`` fill again; ``concurrent`` are under way
    at once. ``None`` is no limit. ``anonymous``: nobody proved anything (the open mode)."""

    id: KeyId
    scopes: frozenset[Scope]
    requests_per_second: float | None = Field(default=None, gt=0.0, le=1e6)
    burst: int | None = Field(default=None, ge=1, le=1_000_000)
    concurrent: int | None = Field(default=None, ge=1, le=100_000)
    anonymous: bool = False


class KeySource(Protocol):
    """Finds the key that was presented. It is asked for every request: it returns at once,
    without I/O, and takes the same time for a wrong secret wherever it is wrong."""

    def find(self, presented: str) -> Key | None: ...


def spelled(key_id: str, secret: str) -> str:
    """As a caller presents it."""
    return f"pk_{key_id}_{secret}"


def parted(presented: str) -> tuple[str, str] | None:
    """The id and the secret; ``None`` for what cannot be a key."""
    found = _PRESENTED.fullmatch(presented)
    return (found[1], found[2]) if found else None


def digest_of_secret(secret: str) -> str:
    """SHA-256 in hex, which is what is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret_of(digest: str, secret_digest: str) -> bool:
    """Compared in constant time (``hmac.compare_digest``)."""
    return hmac.compare_digest(digest, secret_digest)


class FixedKeys:
    """Keys that never change, by how they are presented: the twin of those in a file."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys: dict[str, tuple[str, Key]] = {}
        for presented, key in keys.items():
            parts = parted(presented)
            if parts is None or parts[0] != key.id:
                raise ValueError(f"the key {key.id} is not presented as pk_{key.id}_SECRET")
            self._keys[key.id] = (digest_of_secret(parts[1]), key)

    def find(self, presented: str) -> Key | None:
        parts = parted(presented)
        if parts is None or parts[0] not in self._keys:
            return None
        digest, key = self._keys[parts[0]]
        return key if is_secret_of(digest, digest_of_secret(parts[1])) else None


class OpenKeys:
    """No key is asked for: anybody may do anything. For trials on one machine."""

    _anybody: Final = Key(id="open", scopes=frozenset(SCOPES), anonymous=True)

    def find(self, presented: str) -> Key | None:  # noqa: ARG002 - whatever it is
        return self._anybody
