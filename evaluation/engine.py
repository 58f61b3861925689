"""Where a suite is scored: an engine takes questions and hands out scored batches.

Results of a whole suite are never in memory: an engine gives every batch away as it is done.
How a suite is cut stands in ``evaluation.batches``. Knows no Ray; that one is in
``evaluation.ray_engine``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from contracts.errors import ExtraMissing
from contracts.questions import Question
from contracts.verdicts import QuestionRecord
from evaluation.batches import ClusterSettings, OnBatch
from evaluation.record_spool import RecordSpool, record_spool
from evaluation.run import Asking, Scores, record_of, score_suite
from evaluation.scores import ScoreStore
from evaluation.shots import Shots
from evaluation.suite import Suite
from mcq.orders import Orders
from mcq.scorer import Scored, Scorer


class Engine(Protocol):
    """Scores questions, wherever that is."""

    def score(self, questions: Iterable[Question], asking: Asking, on_batch: OnBatch) -> None:
        """``on_batch`` hears the places (from 0, in the order of ``questions``) and results of
        each batch once, in no promised order of batches; together every place once. They are
        asked as ``asking`` says; no batch is of two of its groups."""

    def release(self) -> None:
        """Give the memory of the weights back; the next question has them read again."""


class OverEngine:
    """A scorer (``evaluation.run.Scores``) whose questions an engine scores; ``scorer`` only says
    what they ask."""

    def __init__(self, engine: Engine, scorer: Scores) -> None:
        self._engine, self._scorer = engine, scorer

    def digests(
        self, questions: Sequence[Question], *, shots: Sequence[Question], orders: Orders
    ) -> Sequence[str]:
        return self._scorer.digests(questions, shots=shots, orders=orders)

    def score(
        self,
        questions: Sequence[Question],
        *,
        shots: Sequence[Question],
        orders: Orders,
        batch_tokens: int,
        progress: Callable[[int], None],
        on_batch: OnBatch,
    ) -> Sequence[Scored]:
        """Raises what the engine raises."""
        found: dict[int, Scored] = {}

        def keep(places: Sequence[int], scored: Sequence[Scored]) -> None:
            found.update(zip(places, scored, strict=True))
            on_batch(places, scored)
            progress(len(found))

        self._engine.score(questions, Asking(batch_tokens, Shots(tuple(shots)), orders), keep)
        return [found[place] for place in range(len(questions))]


def stream_suite(
    engine: Engine,
    scorer: Scores,
    questions: Sequence[Question],
    asking: Asking,
    spool: RecordSpool,
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Every question's record into ``spool``, batch by batch; what a group's store holds is
    taken from there, and what is scored goes there first. The engine is to ask as ``scorer``
    and ``asking`` say; it is given one group after the other. In memory stand neither records
    nor answers, only where each is kept."""
    missing: list[tuple[int, ScoreStore | None]] = []
    for group in asking.groups(questions):
        for place, answer in asking.known(scorer, questions, group):
            spool.put(place, record_of(questions[place], answer))
        missing += [(place, group.store) for place in group.places if not spool.has(place)]
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
        engine.score((questions[place] for place, _ in missing), asking, keep)


@contextlib.contextmanager
def joined(
    cluster: ClusterSettings | None,
    scorer: Scorer,
    checkpoint: Path,
    asked: Iterable[tuple[Sequence[Question], Asking]],
) -> Iterator[Engine | None]:
    """The engine over ``cluster`` while the block runs; ``None`` where this process scores:
    without a cluster, and where the stores hold every answer to what is ``asked``. Raises
    ``ClusterAway`` and ``ExtraMissing`` before anything is scored."""
    if cluster is None or all(asking.has_all(scorer, questions) for questions, asking in asked):
        yield None
        return
    try:
        from evaluation.ray_engine import RayEngine
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ExtraMissing("--engine ray", "Ray", "ray") from error
    with RayEngine(cluster, scorer, checkpoint) as engine:
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
        stream_suite(engine, scorer, suite.questions, asking, spool, progress)
        yield spool
