"""Scoring on the machines of a Ray cluster: one scorer an actor, batches to whoever is free.

The one file that imports Ray. This process plans the batches (``evaluation.batches``), keeps
a bounded number of them in flight and hands each result on as it comes. A worker that dies,
with its process or its node, or that hangs while another is idle, gives its batches back:
another scores them, and a new worker is started wherever the cluster has a CPU. An error of
the scorer itself is no death: it is raised here as it was there. Ray's own retries are off,
so that no batch is counted twice.

Every node needs Proctor importable and the checkpoint at the same path; each worker checks
the folder's digest before its first batch. No dashboard, no usage statistics.

Source: https://docs.ray.io/en/latest/ray-core/fault_tolerance/actors.html (actor deaths),
https://docs.ray.io/en/latest/ray-core/patterns/limit-pending-tasks.html (bounded flight).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import ray
from ray.exceptions import RayError, RayTaskError

from contracts.errors import ClusterAway, DigestMismatch, ProctorError
from contracts.questions import Question
from contracts.usable_cpus import usable_cpus
from evaluation.batches import LOCAL_CLUSTER, Batch, ClusterSettings, OnBatch, planned
from evaluation.run import Asking
from mcq.scorer import Reads, Scored, Scorer, ScorerIdentity

# What Ray asks for at least is 75 MiB; a batch is a few kilobytes.
OBJECT_STORE_BYTES: Final = 100 * 1024 * 1024
# One batch is scored while the next waits at the worker.
IN_FLIGHT_PER_WORKER: Final = 2
# A batch that ends so many workers would end the others, too.
DEATHS_PER_BATCH: Final = 3


@dataclass(frozen=True)
class WorkerFacts:
    """Where a worker runs: Ray's id of its node, and its process there; and what its scorer
    ``reads``, which the plan is made by."""

    node: str
    pid: int
    reads: Reads


class _Worker:
    """One scorer in a process of its own. Loading is a call, not the constructor, so that a
    folder that is refused comes back as its own error and not as an actor's death."""

    def __init__(self, checkpoint: Path, identity: ScorerIdentity) -> None:
        self._checkpoint = checkpoint
        self._identity = identity
        self._scorer: Scorer | None = None

    def load(self) -> WorkerFacts:
        wanted, node = self._identity, ray.get_runtime_context().get_node_id()
        scorer = Scorer.load(
            self._checkpoint,
            expected_digest=wanted.weights,
            template=wanted.template,
            precision=wanted.precision,
        )
        if scorer.identity != wanted:
            raise DigestMismatch(
                f"the scorer of node {node}",
                expected=wanted.digest,
                found=scorer.identity.digest,
                mend="Every node needs this version of Proctor and the same files.",
            )
        self._scorer = scorer
        return WorkerFacts(node, os.getpid(), scorer.reads)

    def score(self, batch: Batch) -> list[Scored]:
        if self._scorer is None:
            raise RuntimeError("a batch came before the checkpoint was loaded")
        return batch.score(self._scorer)


@dataclass
class _Hand:
    """A worker as this process knows it; ``facts`` once it has loaded."""

    actor: Any
    facts: WorkerFacts | None = None
    batches: int = 0


@dataclass
class _Flight:
    """What was asked and has not come back: a batch, or ``None`` for loading."""

    hand: _Hand
    batch: Batch | None


@dataclass
class _State:
    """The workers and what they do. ``again`` are the batches of workers that died."""

    hands: list[_Hand] = field(default_factory=list)
    flights: dict[Any, _Flight] = field(default_factory=dict)
    again: deque[Batch] = field(default_factory=deque)
    deaths: dict[tuple[int, ...], int] = field(default_factory=dict)


class RayEngine:
    """An engine over a cluster; a context, which it joins on entry and leaves at the end.

    ``scorer`` only makes tokens, and its weights are not read: workers load their own, on their
    CPUs, and the first to have done so says what the plan must know of them. Workers stay for
    the next scoring until ``release``. ``reruns`` counts batches that were given to another
    worker; ``lost`` counts workers that died.
    """

    def __init__(self, settings: ClusterSettings, scorer: Scorer, checkpoint: Path) -> None:
        self._settings = settings
        self._scorer = scorer
        self._checkpoint = checkpoint.resolve()
        self._stack = contextlib.ExitStack()
        self._state = _State()
        self._count = 0
        self.reruns = 0
        self.lost = 0

    def __enter__(self) -> Self:
        """Raises ``ClusterAway``."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(_joined(self._settings))
            offered: Any = ray.cluster_resources  # not annotated by Ray
            self._count = self._settings.workers or int(offered().get("CPU", 0))
            if self._count < 1:
                raise ClusterAway(self._settings.address, "none of its nodes offers a CPU")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.release()
        finally:
            self._stack.close()

    @property
    def workers(self) -> tuple[WorkerFacts, ...]:
        """The workers that have loaded and that nobody has seen die."""
        return tuple(hand.facts for hand in self._state.hands if hand.facts is not None)

    def release(self) -> None:
        """As ``Engine.release``."""
        state, self._state = self._state, _State()
        for hand in state.hands:
            ray.kill(hand.actor)

    def score(self, questions: Iterable[Question], asking: Asking, on_batch: OnBatch) -> None:
        """As ``Engine.score``. Raises ``ClusterAway`` when nothing comes back for
        ``stalled_seconds`` or one batch ends several workers, and what a scorer raises."""
        state = self._state
        state.deaths.clear()
        plan = self._plan(state, questions, asking, on_batch)
        try:
            while len(state.hands) < self._count:
                self._start(state)
            while self._send(state, plan):
                done, _ = ray.wait(list(state.flights), timeout=self._settings.stalled_seconds)
                if done:
                    self._take(state, done[0], on_batch)
                else:
                    self._give_up_on_the_silent(state)
        except BaseException:
            self.release()  # what they still score is nobody's by now
            raise

    def _plan(
        self, state: _State, questions: Iterable[Question], asking: Asking, on_batch: OnBatch
    ) -> Iterator[Batch]:
        """Begun when the first batch is wanted, and so when a worker has loaded."""
        reads = next(hand.facts.reads for hand in state.hands if hand.facts is not None)
        yield from planned(self._scorer, questions, asking, on_batch, reads=reads)

    def _start(self, state: _State) -> None:
        # Spread: where a node dies, others go on.
        remote: Any = ray.remote(_Worker)
        actor = remote.options(
            num_cpus=1, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD"
        ).remote(self._checkpoint, self._scorer.identity)
        hand = _Hand(actor)
        state.hands.append(hand)
        state.flights[actor.load.remote()] = _Flight(hand, None)

    def _send(self, state: _State, plan: Iterator[Batch]) -> bool:
        """Fill the workers that are ready; whether there is anything to wait for."""
        more = True
        for _ in range(IN_FLIGHT_PER_WORKER):  # in turn, so that no worker idles at the end
            for hand in state.hands:
                if hand.facts is None or hand.batches >= IN_FLIGHT_PER_WORKER or not more:
                    continue
                batch = state.again.popleft() if state.again else next(plan, None)
                if batch is None:
                    more = False
                    continue
                hand.batches += 1
                state.flights[hand.actor.score.remote(batch)] = _Flight(hand, batch)
        # Workers that still load are not waited for once every batch is done.
        return more or any(flight.batch is not None for flight in state.flights.values())

    def _take(self, state: _State, reference: Any, on_batch: OnBatch) -> None:
        """One answer: facts of a worker, results of a batch, or a death."""
        flight = state.flights.pop(reference)
        try:
            answer = ray.get(reference)
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, ProctorError):
                raise cause from None
            raise self._away(f"a worker failed: {cause!r}") from error
        except RayError:
            self._mourn(state, flight)
            return
        if flight.batch is None:
            flight.hand.facts = answer
            return
        flight.hand.batches -= 1
        on_batch(flight.batch.places, answer)

    def _give_up_on_the_silent(self, state: _State) -> None:
        """Nothing at all came back. Where a worker stands idle the others hang, and it takes
        their batches; where none does, the cluster is taken for dead."""
        if not any(hand.facts is not None and not hand.batches for hand in state.hands):
            seconds = self._settings.stalled_seconds
            raise self._away(f"no worker answered for {seconds:.0f} seconds")
        silent = list(state.flights.values())
        state.flights.clear()
        for flight in silent:
            ray.kill(flight.hand.actor)
            self._mourn(state, flight)

    def _mourn(self, state: _State, flight: _Flight) -> None:
        """The batch of a dead worker is scored again; a new worker takes its place."""
        if flight.batch is not None:
            deaths = state.deaths.get(flight.batch.places, 0) + 1
            if deaths >= DEATHS_PER_BATCH:
                raise self._away(f"one batch of questions ended {deaths} workers")
            state.deaths[flight.batch.places] = deaths
            state.again.append(flight.batch)
            self.reruns += 1
        if flight.hand in state.hands:
            if flight.batch is None and flight.hand.facts is None and self.lost >= self._limit:
                raise self._away(f"{self.lost} workers died before they had loaded")
            state.hands.remove(flight.hand)
            self.lost += 1
            self._start(state)

    @property
    def _limit(self) -> int:
        """How many deaths are taken for accidents."""
        return DEATHS_PER_BATCH * self._count

    def _away(self, reason: str) -> ClusterAway:
        return ClusterAway(self._settings.address, reason)


@contextlib.contextmanager
def _joined(settings: ClusterSettings) -> Iterator[None]:
    """In the cluster while the block runs; a local one ends with it, its files too."""
    local = settings.address == LOCAL_CLUSTER
    folder = Path(tempfile.mkdtemp(prefix="proctor-ray-")) if local else None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # the processes that Ray starts read it
    given: dict[str, Any] = {"address": settings.address}
    if folder is not None:
        given = {
            "address": "local",
            "num_cpus": settings.workers or max(1, int(usable_cpus())),
            "num_gpus": 0,
            "object_store_memory": OBJECT_STORE_BYTES,
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",
            "_temp_dir": str(folder),  # short: a socket's path may have 107 bytes
        }
    try:
        try:
            ray.init(**given, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError, RayError) as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            raise ClusterAway(settings.address, reason) from error
        yield
    finally:
        ray.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
