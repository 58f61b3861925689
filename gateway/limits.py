"""How often a key may ask: a bucket of requests that fills again, and requests at once.

The bucket of a key holds ``burst`` requests and gets ``requests_per_second`` back; a request
takes one. What is refused takes none, and is told when the next one will be let in, to the
moment, if nobody else uses the key. More than one can be charged to a request that is in (a
batch): the bucket then goes below zero, and the key waits until it has paid.

A key is forgotten when its bucket would be full again, so memory is bounded by the number of
keys that are short of something. Source: the token bucket of RFC 2697; ``Retry-After`` in
RFC 9110, section 10.2.3. The ``RateLimit`` headers of draft-ietf-httpapi-ratelimit-headers
are not sent: its drafts still change their names and their syntax.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from contracts.errors import TooManyRequests
from gateway.deadlines import Clock
from gateway.keys import Key

# Nobody knows when a request under way will end: a caller is asked to come back in so long.
_BUSY_SECONDS: Final = 1.0
_SWEEP_EVERY: Final = 1_000
# What rounding may take from a bucket that is full enough to the moment.
_ROUNDING: Final = 1e-9


@dataclass(slots=True)
class Account:
    """What one key has used: ``tokens`` were there at ``at``, and the bucket is full at
    ``full_at`` (seconds of the clock)."""

    tokens: float
    at: float
    full_at: float
    under_way: int = 0


def capacity(key: Key) -> float:
    """Requests that fit into the key's bucket; a second's worth where none is set."""
    if key.burst is not None:
        return float(key.burst)
    return float(max(1, math.ceil(key.requests_per_second or 1.0)))


class KeyLimits:
    """Keeps an account for each key that has a limit. ``clock`` is monotonic."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, Account] = {}
        self._until_sweep = _SWEEP_EVERY

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._accounts)

    def enter(self, key: Key) -> Account | None:
        """Let one request in. Raises ``TooManyRequests``; else ``leave`` must follow with the
        account, which is ``None`` for a key without a limit."""
        if key.requests_per_second is None and key.concurrent is None:
            return None
        account = self._account(key)
        if key.concurrent is not None and account.under_way >= key.concurrent:
            raise TooManyRequests(
                f"the key {key.id} may have {key.concurrent} requests under way, and has them",
                retry_after_seconds=_BUSY_SECONDS,
            )
        rate = key.requests_per_second
        if rate is not None:
            if account.tokens < 1.0 - _ROUNDING:
                raise TooManyRequests(
                    f"the key {key.id} may send {rate:g} requests a second",
                    retry_after_seconds=(1.0 - account.tokens) / rate,
                )
            _take(account, 1, capacity(key), rate)
        account.under_way += 1
        return account

    def charge(self, key: Key, requests: int) -> None:
        """Take ``requests`` more for a request that is in already."""
        account = self._accounts.get(key.id)
        if account is not None and key.requests_per_second is not None:
            _take(account, requests, capacity(key), key.requests_per_second)

    @staticmethod
    def leave(account: Account | None) -> None:
        """The request that ``enter`` let in has ended."""
        if account is not None:
            account.under_way -= 1

    def _account(self, key: Key) -> Account:
        """The key's account, filled up to now."""
        now = self._clock()
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._sweep(now)
        account = self._accounts.get(key.id)
        full = capacity(key)
        if account is None:
            account = self._accounts[key.id] = Account(full, now, full_at=now)
        elif key.requests_per_second is not None:
            gained = (now - account.at) * key.requests_per_second
            account.tokens = min(full, account.tokens + gained)
        account.at = now
        return account

    def _sweep(self, now: float) -> None:
        """Forget every key that a new account would treat alike."""
        self._until_sweep = _SWEEP_EVERY
        for key_id, account in list(self._accounts.items()):
            if not account.under_way and account.full_at <= now:
                del self._accounts[key_id]


def _take(account: Account, requests: int, full: float, rate: float) -> None:
    account.tokens -= requests
    account.full_at = account.at + (full - account.tokens) / rate
