from __future__ import annotations

import pytest

from contracts.errors import EmptySample
from evaluation.samples import sample_faults
from stats.samples import BadSample


def test_the_error_of_statistics_becomes_ours_with_the_same_words() -> None:
    with pytest.raises(EmptySample) as caught, sample_faults():
        raise BadSample("a mean", "the sample is empty")
    assert (caught.value.statistic, caught.value.reason) == ("a mean", "the sample is empty")


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="other"), sample_faults():
        raise ValueError("other")
