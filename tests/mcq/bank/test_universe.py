"""The count of programs, and that there are enough to hold some out."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mcq.bank.families import DIFFICULTIES, FAMILIES
from mcq.bank.sketches import SKETCHES
from mcq.bank.universe import estimate_universe


def test_one_draw_tells_nothing() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        estimate_universe("loops", "easy", 1, 0)


def test_a_large_universe_is_not_estimated_from_two_draws() -> None:
    found = estimate_universe("slicing", "hard", 2, 0)
    assert (found.distinct, found.estimate) == (2, None)


def test_the_estimate_is_pairs_over_coincidences() -> None:
    found = estimate_universe("booleans", "easy", 3_000, 0)
    assert found.estimate is not None
    assert found.distinct < 3_000
    assert found.estimate >= found.distinct // 2


@pytest.mark.parametrize("family", sorted([*FAMILIES, *SKETCHES]))
def test_every_family_has_many_programs(family: str) -> None:
    """5,000 at least: of 400 draws, 95 in 100 and more differ then."""
    for difficulty in DIFFICULTIES:
        found = estimate_universe(family, difficulty, 400, 1)
        assert found.distinct >= 380, found


def test_the_table_has_a_row_for_every_family_and_difficulty() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mcq.bank.universe", "--draws", "5"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 2 + (len(FAMILIES) + len(SKETCHES)) * len(DIFFICULTIES)
