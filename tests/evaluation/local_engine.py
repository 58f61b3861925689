"""An engine of this process, for what holds of every engine."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.questions import Question
from evaluation.batches import OnBatch, planned
from evaluation.run import Asking
from mcq.scorer import Scorer


class LocalEngine:
    """The scorer of this process, one batch after the other."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def score(self, questions: Iterable[Question], asking: Asking, on_batch: OnBatch) -> None:
        for batch in planned(self._scorer, questions, asking, on_batch):
            on_batch(batch.places, batch.score(self._scorer))

    def release(self) -> None:
        self._scorer.release()
