"""The rule by which four are chosen knows no right one."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mcq.bank.choosing import alike, pick, similar, usable, value_of
from mcq.bank.execution import Outcome

texts = st.one_of(
    st.integers(-200, 200).map(str),
    st.lists(st.integers(0, 30), max_size=5).map(str),
    st.floats(-5, 5).map(str),
    st.text("abcde ", min_size=1, max_size=8),
)
outcomes = st.builds(
    Outcome,
    st.just("ok"),
    texts,
    st.sampled_from([("int",), ("str",), ("list",)]),
)


def ok(text: str, *types: str) -> Outcome:
    return Outcome("ok", text, types or ("int",))


@given(outcomes, outcomes)
def test_being_alike_has_no_direction(one: Outcome, other: Outcome) -> None:
    assert alike(one, other) == alike(other, one)
    assert similar(one.printed, other.printed) == similar(other.printed, one.printed)
    assert not alike(one, one)


def test_what_would_give_a_choice_away_is_not_alike() -> None:
    assert alike(ok("12"), ok("13"))
    assert not alike(ok("12"), ok("12"))
    assert not alike(ok("12"), ok("12 "))
    assert not alike(ok("12"), ok("13", "str"))
    assert not alike(ok("12"), ok("1 3", "int", "int"))
    assert not alike(ok("1.0", "float"), ok("1.00", "float"))
    assert not alike(ok("12"), ok("1234567"))
    assert not alike(ok("True", "str"), ok("abc", "str"))


def test_only_a_program_that_ends_well_and_prints_is_used() -> None:
    assert usable(ok("1"))
    assert not usable(ok("  ", "str"))
    assert not usable(Outcome("raised", "", (), "ValueError: no"))
    assert not usable(Outcome("killed", "", (), "ran longer"))


def test_values_are_compared_where_there_are_some() -> None:
    assert value_of("[1, 2]") == [1, 2]
    assert value_of("1e3") == 1000.0
    for text in ("True False", "1if", "abc", "[1", "--1", "(f)"):
        assert value_of(text) == text


@given(st.lists(st.integers(0, 20), max_size=12), st.integers(2, 5), st.integers(0, 50))
def test_a_pick_is_of_different_candidates_that_match(
    candidates: list[int], count: int, seed: int
) -> None:
    taken = pick(candidates, lambda a, b: a != b, count, Random(seed))
    if taken is None:
        assert len(set(candidates)) < count
    else:
        assert len(taken) == len(set(taken)) == count
        assert set(taken) <= set(candidates)


def test_every_candidate_is_picked_as_often_as_any_other() -> None:
    times = dict.fromkeys(range(6), 0)
    for seed in range(3_000):
        for one in pick(list(times), lambda a, b: a != b, 4, Random(seed)) or []:
            times[one] += 1
    # 2,000 each, with a standard deviation of 26.
    assert all(abs(count - 2_000) < 130 for count in times.values()), times
