from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from stats.bootstrap import paired_bootstrap
from stats.paired import PairedCounts, tango
from stats.samples import BadSample

CELLS = st.integers(0, 400)


@settings(max_examples=30)
@given(CELLS, CELLS, CELLS, st.integers(1, 400), st.integers(0, 2**31))
def test_around_the_difference_and_the_same_again(
    both: int, first: int, second: int, neither: int, seed: int
) -> None:
    counts = PairedCounts(both, first, second, neither)
    found = paired_bootstrap(counts, 0.95, seed=seed, replicates=500)
    assert found == paired_bootstrap(counts, 0.95, seed=seed, replicates=500)
    assert -1.0 <= found.lower <= found.upper <= 1.0
    assert found.estimate == pytest.approx(counts.difference)
    mirrored = PairedCounts(both, second, first, neither)
    other = paired_bootstrap(mirrored, 0.95, seed=seed, replicates=2_000)
    wide = 6 / np.sqrt(counts.trials)
    assert abs(found.lower + other.upper) <= wide


def test_near_tango_s_and_near_scipy_s_own_resampling() -> None:
    counts = PairedCounts(300, 90, 60, 150)
    found = paired_bootstrap(counts, 0.95, seed=1)
    exact = tango(counts, 0.95)
    assert found.lower == pytest.approx(exact.lower, abs=0.004)
    assert found.upper == pytest.approx(exact.upper, abs=0.004)
    differences = np.repeat([1.0, -1.0, 0.0], [90, 60, 450])
    theirs = bootstrap(
        (differences,), np.mean, n_resamples=4_000, method="percentile", rng=1
    ).confidence_interval
    assert found.lower == pytest.approx(theirs.low, abs=0.003)
    assert found.upper == pytest.approx(theirs.high, abs=0.003)


def test_what_is_no_sample_is_refused() -> None:
    counts = PairedCounts(1, 1, 1, 1)
    with pytest.raises(BadSample, match="level"):
        paired_bootstrap(counts, 1.0, seed=0)
    with pytest.raises(BadSample, match="no replicate"):
        paired_bootstrap(counts, 0.9, seed=0, replicates=0)
