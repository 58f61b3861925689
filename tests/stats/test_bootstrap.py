from __future__ import annotations

import time

import pytest

from stats.bootstrap import paired_bootstrap
from stats.paired import PairedCounts, tango
from stats.samples import BadSample

COUNTS = PairedCounts(both=400, only_first=120, only_second=80, neither=400)


def test_a_seed_is_an_interval_near_tango_s_and_ten_thousand_take_less_than_a_second() -> None:
    began = time.perf_counter()
    found = paired_bootstrap(COUNTS, 0.95, seed=1)
    assert time.perf_counter() - began < 1.0
    assert found == paired_bootstrap(COUNTS, 0.95, seed=1)
    assert tuple(found) == pytest.approx(tuple(tango(COUNTS, 0.95)), abs=0.004)


def test_no_disagreement_has_no_width() -> None:
    assert tuple(paired_bootstrap(PairedCounts(5, 0, 0, 5), 0.95, seed=1)) == (0.0, 0.0, 0.0)


def test_no_replicate_and_no_level_raise() -> None:
    with pytest.raises(BadSample):
        paired_bootstrap(COUNTS, 0.95, replicates=0, seed=1)
    with pytest.raises(BadSample):
        paired_bootstrap(COUNTS, 1.0, seed=1)
