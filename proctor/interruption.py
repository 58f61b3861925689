"""SIGTERM as an interruption: what ``kill`` and DVC send ends work the way Ctrl-C does.

Python's default for SIGTERM is to end at once; then an MLflow run would stay RUNNING for
ever. Here it raises ``KeyboardInterrupt``, so that whoever has something to close does.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"signal {number}")


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Within the block SIGTERM raises ``KeyboardInterrupt``; main thread only."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
