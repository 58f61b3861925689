"""Answers that were given before, by version: the same question is not scored twice.

A version is a set of weights that never changes, and scoring draws nothing at random, so an
answer stays right for as long as its version answers, and no time limit is needed. The key is
the whole version (name, number, digest, scoring) and the digest of the canonical question:
another version's answer cannot be found under it. What was used longest ago goes first, when
there are too many entries or too many bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, NewType

from contracts.answers import Answer, AnsweredBy
from contracts.models import Digest

# Of one entry on a 64-bit CPython: the key's text, its tuple, the answer with its dictionaries,
# the links of the order; and for each choice a float and its place. Measured with tracemalloc
# over 10,000 entries (tests/gateway/test_cache.py holds them to it).
ENTRY_BYTES: Final = 1_500
CHOICE_BYTES: Final = 60

Key = NewType("Key", str)


def key_of(version: AnsweredBy, question: Digest) -> Key:
    """The whole version and the question. A text, since Python keeps a text's hash."""
    number = f"{version.model}/{version.version}"
    return Key(f"{number} {version.digest} {version.scoring} {question}")


@dataclass(frozen=True)
class CacheStats:
    """``hits_total`` and ``misses_total`` are look-ups since the start; the rate of hits is
    the first over both. ``joined_total`` of the misses waited for the same question that was
    under way already. ``bytes`` is an estimate, by number of entries and choices."""

    hits_total: int
    misses_total: int
    joined_total: int
    evicted_total: int
    entries: int
    bytes: int


class AnswerCache:
    """At most ``most_entries`` answers of ``most_bytes`` together; 0 of either keeps none."""

    def __init__(self, *, most_entries: int, most_bytes: int) -> None:
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._versions: frozenset[AnsweredBy] = frozenset()
        self._bytes = 0
        self._hits = self._misses = self._joined = self._evicted = 0

    def get(self, key: Key) -> Answer | None:
        answer = self._answers.get(key)
        if answer is None:
            self._misses += 1
            return None
        self._hits += 1
        self._answers.move_to_end(key)
        return answer

    def count_joined(self) -> None:
        """Say that a miss waits for a question under way."""
        self._joined += 1

    def put(self, key: Key, answer: Answer) -> None:
        """Keep ``answer``, unless its version has left the plan meanwhile."""
        if answer.version not in self._versions or key in self._answers:
            return
        self._answers[key] = answer
        self._bytes += _size(answer)
        while len(self._answers) > self._most_entries or self._bytes > self._most_bytes:
            _, oldest = self._answers.popitem(last=False)
            self._bytes -= _size(oldest)
            self._evicted += 1

    def keep_only(self, versions: Collection[AnsweredBy]) -> None:
        """Forget the answers of every other version, now and when they come late."""
        self._versions = frozenset(versions)
        for key, answer in list(self._answers.items()):
            if answer.version not in self._versions:
                self._bytes -= _size(self._answers.pop(key))

    def stats(self) -> CacheStats:
        return CacheStats(
            self._hits,
            self._misses,
            self._joined,
            self._evicted,
            len(self._answers),
            self._bytes,
        )


def _size(answer: Answer) -> int:
    return ENTRY_BYTES + CHOICE_BYTES * len(answer.probabilities)
