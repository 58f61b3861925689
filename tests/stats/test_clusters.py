from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.clusters import clustered
from stats.intervals import wilson
from stats.samples import BadSample

CLUSTERS = st.lists(
    st.integers(1, 6).flatmap(lambda size: st.tuples(st.integers(0, size), st.just(size))),
    min_size=2,
    max_size=60,
)


@given(CLUSTERS, st.floats(0.5, 0.999))
def test_within_0_and_1_around_the_pooled_share_and_never_of_width_0(
    clusters: list[tuple[int, int]], level: float
) -> None:
    hits, sizes = zip(*clusters, strict=True)
    estimate, lower, upper = clustered(hits, sizes, level)
    assert estimate == pytest.approx(sum(hits) / sum(sizes))
    assert 0.0 <= lower <= estimate <= upper <= 1.0
    assert lower < upper


@given(st.lists(st.booleans(), min_size=30, max_size=200), st.integers(2, 6))
def test_copies_of_a_trial_tell_no_more_than_the_trial(trials: list[bool], copies: int) -> None:
    once = clustered([int(hit) for hit in trials], [1] * len(trials), 0.95)
    often = clustered([copies * hit for hit in trials], [copies] * len(trials), 0.95)
    assert often == pytest.approx(once)


def test_single_trials_are_wilson_s_but_for_student_s_quantile() -> None:
    hits = [1] * 300 + [0] * 700
    assert clustered(hits, [1] * 1000, 0.95) == pytest.approx(wilson(300, 1000, 0.95), abs=2e-4)


@pytest.mark.parametrize("alike", [0.0, 0.5, 0.9])
def test_coverage_where_the_orders_of_a_question_go_together(alike: float) -> None:
    """150 questions in four orders, each order with probability ``alike`` as the question's
    own: the share of 2,000 intervals that hold the truth."""
    draws = np.random.default_rng(5)
    truth, questions, orders, tries = 0.35, 150, 4, 2_000
    held = counted_alone = 0
    for _ in range(tries):
        own = draws.random(questions) < truth
        each = draws.random((questions, orders)) < truth
        right = np.where(draws.random((questions, orders)) < alike, own[:, None], each)
        sums = right.sum(axis=1).tolist()
        _, lower, upper = clustered(sums, [orders] * questions, 0.95)
        held += lower <= truth <= upper
        _, lower, upper = wilson(sum(sums), questions * orders, 0.95)
        counted_alone += lower <= truth <= upper
    assert 0.935 <= held / tries <= 0.97
    if alike == 0.9:
        assert counted_alone / tries < 0.8  # what the clusters are for


def test_coverage_of_other_families_of_the_kind() -> None:
    """24 families of 20 to 79 questions, each with an accuracy of its own around 0.5: the share
    of 2,000 intervals that hold the mean over all such families."""
    draws = np.random.default_rng(8)
    held = questions_alone = 0
    for _ in range(2_000):
        sizes = draws.integers(20, 80, 24)
        right = draws.binomial(sizes, draws.beta(2, 2, 24)).tolist()
        _, lower, upper = clustered(right, sizes.tolist(), 0.95)
        held += lower <= 0.5 <= upper
        _, lower, upper = wilson(sum(right), int(sizes.sum()), 0.95)
        questions_alone += lower <= 0.5 <= upper
    assert 0.935 <= held / 2_000 <= 0.965
    assert questions_alone / 2_000 < 0.6


@pytest.mark.parametrize(
    ("hits", "sizes", "words"),
    [
        ([], [], "0 clusters"),
        ([1], [2], "1 clusters"),
        ([1, 1], [2], "2 successes for 1 clusters"),
        ([0, 1], [0, 2], "empty"),
        ([3, 1], [2, 2], "3 successes in 2 trials"),
        ([float("nan"), 1], [2, 2], "not a whole number"),
    ],
)
def test_what_is_no_sample_is_refused(hits: list[int], sizes: list[int], words: str) -> None:
    with pytest.raises(BadSample, match=words):
        clustered(hits, sizes, 0.95)
