"""A sample that statistics refuse, as the error that people see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contracts.errors import EmptySample
from stats.samples import BadSample


@contextmanager
def sample_faults() -> Iterator[None]:
    """``stats.samples.BadSample`` becomes ``EmptySample`` with the same words."""
    try:
        yield
    except BadSample as error:
        raise EmptySample(error.statistic, error.reason) from error
