from __future__ import annotations

import os
import signal

import pytest

from proctor.interruption import sigterm_interrupts


def test_sigterm_interrupts_within_the_block_and_not_after_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), sigterm_interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) == before
