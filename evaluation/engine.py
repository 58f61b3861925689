"""Where a suite is scored: an engine takes questions and hands out scored batches.

Questions are planned a window at a time, so that neither tokens nor results of a whole suite
are ever in memory: an engine gives every batch away as it is done. The questions of a batch
are shown the same shots. The plan depends on the questions alone, so that however many workers
there are, they score the same batches. Knows no Ray; that one is in ``evaluation.ray_engine``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from contracts.errors import ExtraMissing
from contracts.questions import Question
from contracts.verdicts import QuestionRecord
from evaluation.record_spool import RecordSpool, record_spool
from evaluation.run import Asking, Scores, record_of, score_suite
from evaluation.scores import ScoreStore
from evaluation.suite import Suite
from mcq.scorer import Prepared, Scored, Scorer

# A window's tokens are in memory together: of 400 tokens a question, some 10 MB.
WINDOW_QUESTIONS: Final = 1_024
LOCAL_CLUSTER: Final = "local"
# A batch may take minutes on a slow machine, and a node minutes to start.
STALLED_SECONDS: Final = 900.0

OnBatch = Callable[[Sequence[int], Sequence[Scored]], None]


class Engine(Protocol):
    """Scores questions, wherever that is."""

    def score(self, questions: Iterable[Question], on_batch: OnBatch) -> None:
        """``on_batch`` hears the places (from 0, in the order of ``questions``) and results of
        each batch once, in no promised order of batches; together every place once. The
        questions of one call are of one group (``Asking.groups``)."""


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
    window_questions: int = WINDOW_QUESTIONS,
) -> Iterator[Batch]:
    """The batches of ``questions``, planned lazily, a window at a time, group by group.

    What does not fit into the model's context is in no batch: ``on_unscored`` hears it.
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


def stream_suite(
    engine: Engine,
    scorer: Scores,
    suite: Suite,
    asking: Asking,
    spool: RecordSpool,
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Every question's record into ``spool``, batch by batch; what a group's store holds is
    taken from there, and what is scored goes there first. The engine is to ask as ``scorer``
    and ``asking`` say; it is given one group after the other."""
    questions = suite.questions
    missing: list[tuple[int, ScoreStore | None]] = []
    for group in asking.groups(questions):
        known = asking.known(scorer, questions, group)
        for place in group.places:
            answer = known.get(place)
            if answer is None:
                missing.append((place, group.store))
            else:
                spool.put(place, record_of(questions[place], answer))
        del known
    done = len(questions) - len(missing)
    progress(done)

    def keep(batch: Sequence[int], scored: Sequence[Scored]) -> None:
        nonlocal done
        places = [missing[place][0] for place in batch]
        _, store = missing[batch[0]]  # of all of them: a batch is of one group
        if store is not None:
            store.add(scored)
        for place, answer in zip(places, scored, strict=True):
            spool.put(place, record_of(questions[place], answer))
        done += len(places)
        progress(done)

    if missing:
        engine.score((questions[place] for place, _ in missing), keep)


@contextlib.contextmanager
def joined(
    cluster: ClusterSettings | None,
    scorer: Scorer,
    checkpoint: Path,
    suite: Suite,
    asking: Asking,
) -> Iterator[Engine | None]:
    """The engine over ``cluster`` while the block runs; ``None`` where this process scores:
    without a cluster, and where the stores hold every answer. Raises ``ClusterAway`` and
    ``ExtraMissing`` before anything is scored."""
    asking = replace(asking, shots=suite.shots)
    if cluster is None or not asking.missing_count(scorer, suite.questions):
        yield None
        return
    try:
        from evaluation.ray_engine import RayEngine
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ExtraMissing("--engine ray", "Ray", "ray") from error
    with RayEngine(cluster, scorer, checkpoint, asking) as engine:
        yield engine


@contextlib.contextmanager
def suite_records(
    engine: Engine | None,
    scorer: Scorer,
    suite: Suite,
    asking: Asking,
    *,
    scratch: Path,
    progress: Callable[[int], None],
) -> Iterator[Sequence[QuestionRecord]]:
    """The records of a suite, in its order, while the block runs: scored by this process, or
    by ``engine`` and kept below ``scratch``. Its shots are shown, whatever ``asking`` says of
    them. Raises what the engine raises."""
    asking = replace(asking, shots=suite.shots)
    if engine is None:
        yield score_suite(scorer, suite, asking, progress)
        return
    with record_spool(scratch) as spool:
        stream_suite(engine, scorer, suite, asking, spool, progress)
        yield spool
