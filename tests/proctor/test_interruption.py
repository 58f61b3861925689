from __future__ import annotations

import signal

import pytest

from proctor.interruption import sigterm_interrupts


def test_sigterm_interrupts_within_the_block_and_not_after_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), sigterm_interrupts():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
