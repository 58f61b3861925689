from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from stats.multiple import benjamini_hochberg, holm
from stats.samples import BadSample

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40)


@given(P_VALUES)
def test_as_statsmodels_has_them(p_values: list[float]) -> None:
    for ours, method in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        theirs = multipletests(p_values, method=method)[1]
        assert ours(p_values) == pytest.approx(list(theirs), abs=1e-12)


@given(P_VALUES)
def test_never_below_what_was_given_and_holm_is_the_stricter(p_values: list[float]) -> None:
    strict, loose = holm(p_values), benjamini_hochberg(p_values)
    for given_value, one, other in zip(p_values, strict, loose, strict=True):
        assert given_value <= other + 1e-15 <= one + 2e-15
        assert one <= 1.0


def test_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


def test_any_false_finding_is_as_rare_as_promised() -> None:
    draws = np.random.default_rng(3).random((4_000, 12))
    found = sum(min(holm(row.tolist())) <= 0.05 for row in draws)
    assert found / 4_000 <= 0.06


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@pytest.mark.parametrize("p_values", [[], [0.1, float("nan")], [-0.1], [1.1]])
def test_what_are_no_p_values_is_refused(correct: object, p_values: list[float]) -> None:
    assert callable(correct)
    with pytest.raises(BadSample):
        correct(p_values)
