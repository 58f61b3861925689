"""What a store of scores holds, whole, for tests."""

from __future__ import annotations

from evaluation.kept_lines import KeptLines
from evaluation.scores import Entry, ScoreStore
from mcq.scoring.scored import Scored, as_single


def stored(store: ScoreStore) -> dict[str, Scored]:
    """Every answer by the digest of what was asked, as the store's index finds it."""
    index = store.index()
    asked = [entry.asked for entry in KeptLines(store.path, Entry).read() if entry is not None]
    asked += [single for one in asked if (single := as_single(one)) is not None]
    return {one: answer for one in asked if (answer := index.get(one)) is not None}
