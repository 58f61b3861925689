from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EmptySample, SuitesDiffer
from evaluation.compare import compare_outcomes, compare_records, outcomes_of
from stats.paired import PairedCounts, mcnemar_exact, smallest_detectable_difference, tango
from tests.evaluation.making import make_records


def test_other_questions_are_never_paired() -> None:
    with pytest.raises(SuitesDiffer, match="1 questions are only in the first, 0 only"):
        compare_records(make_records([True] * 3), make_records([True] * 2), 0.95)
    with pytest.raises(SuitesDiffer, match="0 questions are only in the first, 1 only"):
        compare_records(make_records([True] * 2), make_records([True] * 3), 0.95)
    ours = make_records([True] * 2)
    theirs = [record.model_copy(update={"id": "x" + record.id}) for record in ours]
    with pytest.raises(SuitesDiffer, match="2 questions are only in the first, 2 only"):
        compare_records(ours, theirs, 0.95)


def test_the_same_questions_with_another_answer_are_never_paired() -> None:
    ours = make_records([True, False])
    theirs = [ours[0], ours[1].model_copy(update={"gold": "C"})]
    with pytest.raises(SuitesDiffer, match="1 questions have another right answer, as q00001"):
        compare_records(ours, theirs, 0.95)


def test_nothing_scored_by_both_raises() -> None:
    with pytest.raises(EmptySample, match="scored by both"):
        compare_records(make_records([True, None]), make_records([None, False]), 0.95)
    with pytest.raises(EmptySample, match="scored by both"):
        compare_outcomes({}, {}, 0.95)


def test_an_impossible_level_is_an_error_of_ours() -> None:
    with pytest.raises(EmptySample, match="level"):
        compare_outcomes({"a": True}, {"a": True}, 2.0)


def test_what_either_could_not_score_is_left_out() -> None:
    candidate = make_records([True, True, False, False, None, True])
    reference = make_records([True, False, True, False, True, None])
    found = compare_records(candidate, reference, 0.9)
    assert found.questions == 4
    assert (found.both, found.neither) == (1, 1)
    assert (found.only_candidate, found.only_reference) == (1, 1)
    assert (found.difference.estimate, found.difference.level) == (0.0, 0.9)
    assert found.mcnemar_p == 1.0


def test_the_numbers_are_those_of_the_statistics() -> None:
    candidate = make_records([True] * 80 + [False] * 20)
    reference = make_records([True] * 55 + [False] * 25 + [True] * 8 + [False] * 12)
    found = compare_records(candidate, reference, 0.95)
    counts = PairedCounts(both=55, only_first=25, only_second=8, neither=12)
    assert (found.only_candidate, found.only_reference) == (25, 8)
    interval = found.difference
    assert (interval.estimate, interval.lower, interval.upper) == tuple(tango(counts, 0.95))
    assert interval.estimate == 0.17
    assert found.mcnemar_p == mcnemar_exact(25, 8)
    assert found.smallest_detectable_difference == smallest_detectable_difference(100, 0.33)
    surer = compare_records(candidate, reference, 0.99)
    assert surer.smallest_detectable_difference == smallest_detectable_difference(
        100, 0.33, alpha=1.0 - 0.99
    )
    assert surer.smallest_detectable_difference > found.smallest_detectable_difference


def test_two_that_never_disagree_detect_nothing() -> None:
    records = make_records([True, False, True])
    found = compare_records(records, records, 0.95)
    assert found.smallest_detectable_difference is None
    assert found.difference.lower < 0.0 < found.difference.upper


OUTCOMES = st.lists(
    st.tuples(st.none() | st.booleans(), st.none() | st.booleans()), min_size=1, max_size=80
).filter(lambda pairs: any(None not in pair for pair in pairs))


@given(OUTCOMES, st.randoms(use_true_random=False))
def test_exchanging_the_two_mirrors_and_order_does_not_matter(
    pairs: list[tuple[bool | None, bool | None]], random: Random
) -> None:
    ours, theirs = make_records([a for a, _ in pairs]), make_records([b for _, b in pairs])
    shuffled = list(theirs)
    random.shuffle(shuffled)
    one, other = compare_records(ours, shuffled, 0.95), compare_records(theirs, ours, 0.95)
    assert one.mcnemar_p == other.mcnemar_p
    assert one.difference.estimate == -other.difference.estimate
    assert one.difference.lower == pytest.approx(-other.difference.upper, abs=1e-12)
    assert one.only_candidate == other.only_reference
    assert one.both + one.only_candidate + one.only_reference + one.neither == one.questions


def test_outcomes_hold_the_scored_questions_only() -> None:
    assert outcomes_of(make_records([True, None, False])) == {"q00000": True, "q00002": False}
