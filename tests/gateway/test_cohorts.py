"""Cohorts: the same for ever, on every replica, nested, and as large as they should be."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.traffic import TrafficSplit
from gateway.callers import Caller
from gateway.cohorts import cohort, slot_for
from gateway.keys import Key

# Callers stay where they are only as long as these numbers do: never change them.
KNOWN = [
    ("", "", 0.4304816492364817),
    ("coding-mcqa:2", "00000000000000000000000000000000", 0.8476597590272751),
    ("coding-mcqa:2", "2c26b46b68ffc68ff99b453c1d304134", 0.30349116052222413),
    ("coding-mcqa:3", "2c26b46b68ffc68ff99b453c1d304134", 0.6149010364575859),
    ("r.1", "é\u2028\ud800", 0.9477246804048333),
]
salts = st.from_regex(r"[A-Za-z0-9._:-]{0,20}", fullmatch=True)
callers = st.text(max_size=40)
ratios = st.floats(0.0, 1.0)


@pytest.mark.parametrize(("salt", "caller", "place"), KNOWN)
def test_known_callers_have_known_places(salt: str, caller: str, place: float) -> None:
    assert cohort(salt, caller) == place


def test_another_process_draws_the_same() -> None:
    """Also with another seed of Python's own hashes."""
    code = (
        "from gateway.cohorts import cohort; print(cohort('s', 'a').hex(), cohort('t', 'a').hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [cohort("s", "a").hex(), cohort("t", "a").hex()]


@given(salt=salts, caller=callers)
def test_a_place_is_below_one(salt: str, caller: str) -> None:
    assert 0.0 <= cohort(salt, caller) < 1.0


@given(salt=salts, caller=callers, steps=st.lists(ratios, min_size=2, max_size=8))
def test_a_rising_ratio_moves_nobody_back(salt: str, caller: str, steps: list[float]) -> None:
    slots = [
        slot_for(TrafficSplit(canary_ratio=ratio, salt=salt), caller) for ratio in sorted(steps)
    ]
    assert ("canary", "stable") not in pairwise(slots)


@given(salt=salts, caller=callers)
def test_none_and_all_mean_what_they_say(salt: str, caller: str) -> None:
    assert slot_for(TrafficSplit(canary_ratio=0.0, salt=salt), caller) == "stable"
    assert slot_for(TrafficSplit(canary_ratio=1.0, salt=salt), caller) == "canary"


@given(salt=salts, caller=callers)
def test_the_canary_has_the_places_below_its_ratio(salt: str, caller: str) -> None:
    place = cohort(salt, caller)
    above = math.nextafter(place, 2.0)
    assert slot_for(TrafficSplit(canary_ratio=place, salt=salt), caller) == "stable"
    assert slot_for(TrafficSplit(canary_ratio=above, salt=salt), caller) == "canary"


def people(count: int) -> list[str]:
    key = Key(id="app", scopes=frozenset({"answer"}))
    return [Caller(key, f"student-{number}", "header").hashed for number in range(count)]


@pytest.mark.parametrize("ratio", [0.01, 0.05, 0.1, 0.25, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("salt", ["coding-mcqa:2", "r1", ""])
def test_the_canary_gets_its_share(ratio: float, salt: str) -> None:
    """Within three standard deviations of the binomial, at 10,000 distinct callers."""
    count = 10_000
    split = TrafficSplit(canary_ratio=ratio, salt=salt)
    drawn = sum(slot_for(split, caller) == "canary" for caller in people(count))
    deviation = math.sqrt(ratio * (1.0 - ratio) * count)
    assert abs(drawn - ratio * count) <= 3.0 * deviation


def test_another_salt_draws_others() -> None:
    """Of 1,000 callers of a tenth each, about a tenth of a tenth are in both."""
    first, second = (
        {
            caller
            for caller in people(10_000)
            if slot_for(TrafficSplit(canary_ratio=0.1, salt=salt), caller) == "canary"
        }
        for salt in ("a", "b")
    )
    assert abs(len(first & second) - 100) <= 3.0 * math.sqrt(10_000 * 0.01 * 0.99)


def test_salt_and_caller_do_not_run_together() -> None:
    assert cohort("ab", "c") != cohort("a", "bc")
