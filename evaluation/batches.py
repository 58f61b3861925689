"""How a suite is cut into batches, wherever they are scored.

Questions are planned a window at a time, so that the tokens of a whole suite are never in
memory. The questions of a batch are shown the same shots. The plan depends on the questions
alone, so that however many workers there are, they score the same batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from contracts.questions import Question
from evaluation.run import WINDOW_QUESTIONS, Asking
from mcq.scorer import Prepared, Reads, Scored, Scorer

LOCAL_CLUSTER: Final = "local"
# A batch may take minutes on a slow machine, and a node minutes to start.
STALLED_SECONDS: Final = 900.0

OnBatch = Callable[[Sequence[int], Sequence[Scored]], None]


@dataclass(frozen=True)
class ClusterSettings:
    """``address``: a cluster's ``HOST:PORT``, ``auto`` for the one that runs on this machine,
    ``local`` to start one that ends with the evaluation. ``workers``: how many scorers, one
    CPU each; ``None`` for as many as the cluster has CPUs. ``stalled_seconds``: how long
    nothing at all may come back."""

    address: str = LOCAL_CLUSTER
    workers: int | None = None
    stalled_seconds: float = STALLED_SECONDS


@dataclass(frozen=True)
class Batch:
    """Questions that go through the model together, as tokens: ``prepared`` holds them and
    no others; ``places`` are theirs in the suite."""

    places: tuple[int, ...]
    prepared: Prepared

    def score(self, scorer: Scorer) -> list[Scored]:
        """The results, in the order of ``places``; the same on every machine to rounding."""
        return scorer.score_batch(self.prepared, range(len(self.places)))


def planned(
    scorer: Scorer,
    questions: Iterable[Question],
    asking: Asking,
    on_unscored: OnBatch,
    *,
    reads: Reads | None = None,
    window_questions: int = WINDOW_QUESTIONS,
) -> Iterator[Batch]:
    """The batches of ``questions``, planned lazily, a window at a time, group by group.

    What does not fit into the model's context is in no batch: ``on_unscored`` hears it.
    ``reads`` is what a scorer of the same identity said of the model; without it the weights
    are read here.
    """
    stream = iter(questions)
    first = 0
    while window := tuple(islice(stream, window_questions)):
        for shots, places in asking.shots.groups(window):
            prepared = scorer.prepare(
                [window[place] for place in places],
                shots=shots,
                orders=asking.orders,
                batch_tokens=asking.batch_tokens,
                reads=reads,
            )
            if prepared.unscored:
                too_long = [first + places[within] for within in prepared.unscored]
                on_unscored(too_long, list(prepared.unscored.values()))
            for batch in prepared.batches:
                alone = replace(
                    prepared,
                    asked=tuple(prepared.asked[within] for within in batch),
                    batches=(tuple(range(len(batch))),),
                    unscored={},
                )
                yield Batch(tuple(first + places[within] for within in batch), alone)
        first += len(window)
