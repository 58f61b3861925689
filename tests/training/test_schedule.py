from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.schedule import Schedule, share_of_peak


@pytest.mark.parametrize("schedule", ["late-linear", "linear", "cosine", "constant"])
def test_each_warms_up_alike(schedule: Schedule) -> None:
    shares = [share_of_peak(schedule, step, steps=100, warmup_steps=4) for step in range(4)]
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert share_of_peak(schedule, 0, steps=100, warmup_steps=0) == 1.0


@pytest.mark.parametrize(
    ("schedule", "half_way", "last"),
    [
        ("linear", 0.5, 1 / 80),
        ("cosine", 0.5, 0.5 * (1 + math.cos(math.pi * 79 / 80))),
        ("constant", 1.0, 1.0),
        ("late-linear", 60 / (100 * 2 / 3), 1 / (100 * 2 / 3)),
    ],
)
def test_the_ways_down(schedule: Schedule, half_way: float, last: float) -> None:
    """20 steps of warm-up and 80 down: half of them are behind at step 60."""
    at = 40 if schedule == "late-linear" else 60
    assert share_of_peak(schedule, at, steps=100, warmup_steps=20) == pytest.approx(half_way)
    assert share_of_peak(schedule, 99, steps=100, warmup_steps=20) == pytest.approx(last)


@given(
    st.sampled_from(["late-linear", "linear", "cosine", "constant"]),
    st.integers(1, 300),
    st.integers(0, 400),
)
def test_a_rate_is_never_negative_nor_above_the_peak(
    schedule: Schedule, steps: int, warmup_steps: int
) -> None:
    for step in range(steps):
        share = share_of_peak(schedule, step, steps=steps, warmup_steps=warmup_steps)
        assert 0.0 < share <= 1.0
