"""The cache of answers: bounded, by version, forgotten with it."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.answers import Answer, AnsweredBy, AnswerRequest
from contracts.digests import digest_of_bytes
from contracts.models import VersionFacts
from gateway.cache import CHOICE_BYTES, ENTRY_BYTES, AnswerCache, CacheStats, Key, key_of
from gateway.fake_answerer import FakeAnswerer
from gateway.posed import Posed

ROOM = ENTRY_BYTES + 2 * CHOICE_BYTES


def version(number: int) -> AnsweredBy:
    return AnsweredBy(
        model="coding-mcqa",
        version=str(number),
        digest=digest_of_bytes(b"%d" % number),
        scoring="text",
    )


def asked(number: int, choices: int = 2) -> AnswerRequest:
    return AnswerRequest(
        question=f"number {number}?", choices=tuple(str(place) for place in range(choices))
    )


def answered(number: int, by: AnsweredBy, choices: int = 2) -> tuple[Key, Answer]:
    facts = VersionFacts(**by.model_dump(), run_id="run", commit="commit")
    question = asked(number, choices)
    answer = FakeAnswerer(facts).made_up(question).model_copy(update={"version": by})
    return key_of(by, Posed.of(question).digest), answer


def cache_of(*versions: AnsweredBy, **changes: Any) -> AnswerCache:
    given = {"most_entries": 100, "most_bytes": 1_000_000, **changes}
    cache = AnswerCache(**given)
    cache.keep_only(versions)
    return cache


def test_an_answer_is_found_under_its_version_only() -> None:
    first, second = version(1), version(2)
    cache = cache_of(first, second)
    key, answer = answered(7, first)
    cache.put(key, answer)
    assert cache.get(key) is answer
    question = Posed.of(asked(7)).digest
    assert cache.get(key_of(second, question)) is None
    for change in ({"scoring": "letter"}, {"version": "3"}, {"model": "other"}):
        assert cache.get(key_of(first.model_copy(update=change), question)) is None
    stats = cache.stats()
    assert (stats.hits_total, stats.misses_total) == (1, 4)


def test_a_version_that_left_the_plan_is_forgotten_also_when_it_answers_late() -> None:
    old, new = version(1), version(2)
    cache = cache_of(old, new)
    for number in range(3):
        cache.put(*answered(number, old))
    cache.put(*answered(0, new))
    cache.keep_only({new})
    assert (cache.stats().entries, cache.stats().bytes) == (1, ROOM)
    cache.put(*answered(9, old))
    assert cache.get(answered(9, old)[0]) is None
    assert cache.get(answered(0, new)[0]) is not None
    assert cache.stats().evicted_total == 0


def test_what_was_used_longest_ago_goes_first() -> None:
    by = version(1)
    cache = cache_of(by, most_entries=2)
    keys = []
    for number in range(2):
        key, answer = answered(number, by)
        keys.append(key)
        cache.put(key, answer)
    assert cache.get(keys[0])
    cache.put(*answered(2, by))
    assert cache.get(keys[1]) is None
    assert cache.get(keys[0])
    assert cache.stats().evicted_total == 1


@pytest.mark.parametrize("limits", [{"most_entries": 0}, {"most_bytes": 0}])
def test_no_room_keeps_nothing(limits: dict[str, int]) -> None:
    by = version(1)
    cache = cache_of(by, **limits)
    key, answer = answered(1, by)
    cache.put(key, answer)
    assert cache.get(key) is None
    assert cache.stats() == CacheStats(0, 1, 0, 1, 0, 0)


@given(
    moves=st.lists(
        st.tuples(st.sampled_from(["put", "get"]), st.integers(0, 12), st.integers(2, 10)),
        max_size=60,
    ),
    most_entries=st.integers(0, 6),
    most_bytes=st.integers(0, 6 * ROOM),
)
def test_it_never_outgrows_its_bounds(
    moves: list[tuple[str, int, int]], most_entries: int, most_bytes: int
) -> None:
    by = version(1)
    cache = cache_of(by, most_entries=most_entries, most_bytes=most_bytes)
    for move, number, choices in moves:
        key, answer = answered(number, by, choices)
        if move == "put":
            cache.put(key, answer)
        elif (found := cache.get(key)) is not None:
            assert found == answer
        stats = cache.stats()
        assert stats.entries <= most_entries
        assert stats.bytes <= most_bytes
        assert (stats.bytes == 0) == (stats.entries == 0)


@pytest.mark.parametrize("choices", [2, 10])
def test_an_entry_is_no_larger_than_it_is_taken_for(choices: int) -> None:
    """By tracemalloc: real answers, parsed as they come from an answerer."""
    by = version(1)
    entries = [answered(number, by, choices) for number in range(2_000)]
    texts = [(key.encode(), answer.model_dump_json()) for key, answer in entries]
    cache = cache_of(by, most_entries=10_000, most_bytes=100_000_000)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for key, text in texts:
        answer = Answer.model_validate_json(text).model_copy(update={"version": by})
        cache.put(Key(key.decode()), answer)
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = sum(change.size_diff for change in after.compare_to(before, "filename"))
    assert 0.5 * cache.stats().bytes < grown <= cache.stats().bytes
