"""A worker notices that its parent is gone."""

from __future__ import annotations

import threading

from bentos.orphans import end_when_orphaned


def test_an_orphan_ends_once() -> None:
    parents = iter([7, 7, 7, 1])
    ended = []
    thread = end_when_orphaned(
        interval_seconds=0.001, parent=lambda: next(parents), end=lambda: ended.append(True)
    )
    thread.join(timeout=10)
    assert ended == [True]


def test_a_child_with_its_parent_goes_on() -> None:
    looked = threading.Semaphore(0)
    ended = threading.Event()
    gone = threading.Event()

    def parent() -> int:
        looked.release()
        return 1 if gone.is_set() else 7

    thread = end_when_orphaned(interval_seconds=0.001, parent=parent, end=ended.set)
    for _ in range(20):
        assert looked.acquire(timeout=10)
    assert not ended.is_set()
    gone.set()
    thread.join(timeout=10)
    assert ended.is_set()
