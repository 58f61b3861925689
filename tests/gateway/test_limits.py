"""The bucket of a key: what it lets in, when it says to come back, what it remembers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import TooManyRequests
from gateway.keys import Key
from gateway.limits import KeyLimits, capacity
from tests.gateway.test_deadlines import Clock


def key(name: str = "web", **limits: float | None) -> Key:
    return Key.model_validate({"id": name, "scopes": ["answer"], **limits})


def refused(limits: KeyLimits, asking: Key) -> float:
    with pytest.raises(TooManyRequests) as told:
        limits.enter(asking)
    return told.value.retry_after_seconds


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    limits, web = KeyLimits(clock), key(requests_per_second=2.0, burst=3)
    for _ in range(3):
        limits.enter(web)
    assert refused(limits, web) == 0.5
    clock.now += 0.25
    assert refused(limits, web) == 0.25, "a refusal costs nothing"
    clock.now += 0.25
    limits.enter(web)
    assert refused(limits, web) == 0.5
    clock.now += 1_000.0
    for _ in range(3):
        limits.enter(web)
    assert refused(limits, web) == 0.5, "no more than the burst is saved up"


@given(
    rate=st.floats(min_value=0.01, max_value=1_000.0),
    burst=st.integers(min_value=1, max_value=20),
    began=st.floats(min_value=0.0, max_value=1e7),
)
def test_whoever_waits_as_told_is_let_in(rate: float, burst: int, began: float) -> None:
    clock = Clock(began)
    limits, web = KeyLimits(clock), key(requests_per_second=rate, burst=burst)
    for _ in range(burst):
        limits.enter(web)
    seconds = refused(limits, web)
    assert 0.0 < seconds <= 1.0 / rate
    clock.now += 0.9 * seconds
    refused(limits, web)
    clock.now = math.nextafter(began + seconds, math.inf)
    limits.enter(web)


def test_a_batch_is_paid_for_afterwards() -> None:
    clock = Clock()
    limits, web = KeyLimits(clock), key(requests_per_second=1.0, burst=2)
    limits.enter(web)
    limits.charge(web, 9)
    assert refused(limits, web) == 9.0
    clock.now += 9.0
    limits.enter(web)


def test_requests_at_once() -> None:
    limits, web = KeyLimits(Clock()), key(concurrent=2)
    first = limits.enter(web)
    limits.enter(web)
    assert refused(limits, web) == 1.0
    KeyLimits.leave(first)
    limits.enter(web)


def test_a_refusal_by_number_takes_nothing_from_the_bucket() -> None:
    clock = Clock()
    limits, web = KeyLimits(clock), key(requests_per_second=1.0, burst=2, concurrent=1)
    first = limits.enter(web)
    refused(limits, web)
    KeyLimits.leave(first)
    limits.enter(web)


def test_keys_do_not_share() -> None:
    limits = KeyLimits(Clock())
    limits.enter(key("a", requests_per_second=1.0))
    limits.enter(key("b", requests_per_second=1.0))
    refused(limits, key("a", requests_per_second=1.0))


def test_a_key_without_limits_has_none_and_is_not_remembered() -> None:
    limits = KeyLimits(Clock())
    assert all(limits.enter(key()) is None for _ in range(1_000))
    assert len(limits) == 0


def test_limits_that_change_while_a_request_is_under_way_harm_nothing() -> None:
    limits = KeyLimits(Clock())
    before = limits.enter(key())  # without limits when it came
    limits.enter(key(concurrent=1))
    KeyLimits.leave(before)
    refused(limits, key(concurrent=1))


def test_what_is_remembered_is_bounded() -> None:
    """Ten thousand keys ask once each; all but the last thousand are forgotten again."""
    clock = Clock()
    limits = KeyLimits(clock)
    for number in range(10_000):
        KeyLimits.leave(limits.enter(key(f"k{number}", requests_per_second=100.0)))
        clock.now += 0.02
    assert len(limits) <= 1_000


def test_a_key_in_debt_is_not_forgotten() -> None:
    clock = Clock()
    limits, slow = KeyLimits(clock), key("slow", requests_per_second=0.001)
    KeyLimits.leave(limits.enter(slow))
    for number in range(2_000):
        KeyLimits.leave(limits.enter(key(f"k{number}", requests_per_second=1_000.0)))
        clock.now += 0.1
    assert refused(limits, slow) == pytest.approx(800.0)


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({"requests_per_second": 0.5}, 1),
        ({"requests_per_second": 7.2}, 8),
        ({"requests_per_second": 7.2, "burst": 3}, 3),
    ],
)
def test_a_second_fits_into_the_bucket_where_nothing_is_set(
    limits: dict[str, float], size: int
) -> None:
    assert capacity(key(**limits)) == size
