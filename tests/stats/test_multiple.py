from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from stats.multiple import benjamini_hochberg, holm
from stats.samples import BadSample


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_both_agree_with_statsmodels(p_values: list[float]) -> None:
    for ours, theirs in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        assert ours(p_values) == pytest.approx(multipletests(p_values, method=theirs)[1], abs=1e-12)


@pytest.mark.parametrize("bad", [[], [float("nan")], [1.1], [-0.1, 0.5]])
def test_none_or_no_probability_raises(bad: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(BadSample):
            adjust(bad)
