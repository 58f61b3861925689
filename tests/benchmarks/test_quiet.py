from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.quiet import MOST_BY_OTHERS, Others, busy_seconds, own_seconds

# Works until it used half a second of a processor, whatever others do.
WORK = "import time\nwhile time.process_time() < 0.5: pass\n"


def work() -> None:
    begun = os.times()
    while os.times().user - begun.user < 0.3:
        pass


def test_our_own_work_and_our_childrens_disturb_nobody() -> None:
    with Others(lambda: 100.0 + own_seconds()) as others:
        work()
    assert others.ratio < 0.01
    assert not others.disturbing


def test_what_others_use_is_told() -> None:
    busy = iter([0.0, 1_000.0])
    with Others(lambda: next(busy)) as others:
        work()
    assert others.ratio > MOST_BY_OTHERS
    assert others.disturbing


def test_a_childs_work_is_ours() -> None:
    before = own_seconds()
    subprocess.run([sys.executable, "-c", WORK], check=True)
    assert own_seconds() - before >= 0.45


def test_what_works_is_seen() -> None:
    before = busy_seconds()
    work()
    assert busy_seconds() - before >= 0.25
