"""Against real Ray clusters on this machine; their nodes and workers are killed by their id."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from contracts.errors import ClusterAway, DigestMismatch
from contracts.questions import Question
from mcq.scorer import Scored, Scorer
from tests.checkpoints import make_tiny_checkpoint
from tests.evaluation.making import make_questions, make_suite
from tests.evaluation.stored import stored
from tests.evaluation.weightless import Weightless
from tests.waiting import free_port, wait_until

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402 - only where Ray is installed

from evaluation import ray_engine  # noqa: E402
from evaluation.batches import ClusterSettings  # noqa: E402
from evaluation.engine import OverEngine, joined, suite_records  # noqa: E402
from evaluation.ray_engine import OBJECT_STORE_BYTES, RayEngine  # noqa: E402
from evaluation.run import Asking, score_suite  # noqa: E402
from evaluation.scores import ScoreStore  # noqa: E402
from evaluation.shots import NO_SHOTS, Shots  # noqa: E402
from evaluation.temperature import fitted_temperature  # noqa: E402
from evaluation.unread import accuracy_unread  # noqa: E402

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
TOKENS = 1_024
ASKING = Asking(TOKENS)
QUESTIONS = make_questions(200)
OWN_SHOTS = Shots(tuple(make_questions(206)[200:]), "family")  # two of each family
# Some minutes of work: a node's death is noticed within seconds.
MOST_ROUNDS = 500


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cluster, Any]]:
    """Two nodes with a CPU each: the head, and one that a test may kill."""
    folder = tempfile.mkdtemp(prefix="proctor-ray-test-")
    node = {
        "num_cpus": 1,
        "num_gpus": 0,
        "object_store_memory": OBJECT_STORE_BYTES,
        "include_dashboard": False,
    }
    monkeypatch.setenv("RAY_TMPDIR", folder)  # where a head node writes down its address
    two = Cluster(
        initialize_head=True,
        head_node_args={**node, "gcs_server_port": free_port(), "temp_dir": f"{folder}/ray"},
    )
    try:
        yield two, two.add_node(**node)
    finally:
        two.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


class Heard:
    """What an engine told, by place, and what to do after the ``after``-th batch."""

    def __init__(self, after: int = 0, deed: Any = None) -> None:
        self.scored: dict[int, Scored] = {}
        self._after, self._deed, self._batches = after, deed, 0

    def __call__(self, places: Sequence[int], scored: Sequence[Scored]) -> None:
        for place, one in zip(places, scored, strict=True):
            assert place not in self.scored, "a batch was counted twice"
            self.scored[place] = one
        self._batches += 1
        if self._batches == self._after:
            self._deed()


def assert_as_local(heard: Heard, local: Sequence[Scored]) -> None:
    assert sorted(heard.scored) == list(range(len(local)))
    for place, theirs in enumerate(local):
        ours = heard.scored[place]
        assert ours.choice == theirs.choice
        assert ours.log_likelihoods == pytest.approx(theirs.log_likelihoods, abs=1e-5)


@pytest.fixture(scope="module")
def local(tiny_checkpoint: Path) -> list[Scored]:
    return Scorer.load(tiny_checkpoint).score(QUESTIONS, batch_tokens=TOKENS)


def engine_on(address: str, checkpoint: Path, workers: int | None = None) -> RayEngine:
    settings = ClusterSettings(address, workers, stalled_seconds=120.0)
    return RayEngine(settings, Weightless.load(checkpoint, lazy=True), checkpoint)


def test_a_worker_killed_in_mid_run_changes_no_number(
    cluster: tuple[Cluster, Any], tiny_checkpoint: Path, local: list[Scored]
) -> None:
    two, _ = cluster
    with engine_on(two.address, tiny_checkpoint) as engine:

        def kill_one() -> None:
            os.kill(engine.workers[0].pid, signal.SIGKILL)

        heard = Heard(3, kill_one)
        engine.score(QUESTIONS, ASKING, heard)
        assert engine.lost == 1
        assert engine.reruns >= 1
    assert_as_local(heard, local)


def test_a_node_killed_in_mid_run_changes_no_number(
    cluster: tuple[Cluster, Any], tiny_checkpoint: Path, local: list[Scored]
) -> None:
    """Both nodes work, then one is gone: its worker's batches are scored on the other."""
    two, second = cluster
    nodes: set[str] = set()
    with engine_on(two.address, tiny_checkpoint) as engine:

        def kill_node_once_both_work() -> None:
            nodes.update(one.node for one in engine.workers)
            if len(nodes) == 2 and len(two.worker_nodes) == 1:
                two.remove_node(second, allow_graceful=False)

        class EveryTime(Heard):
            def __call__(self, places: Sequence[int], scored: Sequence[Scored]) -> None:
                super().__call__(places, scored)
                kill_node_once_both_work()

        rounds = 0

        def until_a_worker_is_lost() -> Iterator[Question]:
            """The same questions over and over: there is work left whenever the second node is
            ready, and when its death is noticed."""
            nonlocal rounds
            while rounds < MOST_ROUNDS and not engine.lost:
                rounds += 1
                yield from QUESTIONS

        heard = EveryTime()
        engine.score(until_a_worker_is_lost(), ASKING, heard)
        assert len(nodes) == 2
        assert engine.lost >= 1
        assert engine.reruns >= 1
    assert_as_local(heard, local * rounds)


def test_a_hung_worker_gives_its_batches_back_and_two_end_the_evaluation(
    cluster: tuple[Cluster, Any], tiny_checkpoint: Path, local: list[Scored]
) -> None:
    two, _ = cluster
    with engine_on(two.address, tiny_checkpoint) as engine:

        def patience(seconds: float) -> None:
            engine._settings = ClusterSettings(two.address, stalled_seconds=seconds)

        def hang(count: int) -> None:
            patience(3.0)  # only now: a worker may load for longer
            for worker in engine.workers[:count]:
                os.kill(worker.pid, signal.SIGSTOP)

        class OnceBothWork(Heard):
            def __init__(self, count: int) -> None:
                super().__init__()
                self.left = count

            def __call__(self, places: Sequence[int], scored: Sequence[Scored]) -> None:
                super().__call__(places, scored)
                if self.left and len(engine.workers) == 2:
                    hang(self.left)
                    self.left = 0

        def until_one_hangs(heard: OnceBothWork) -> Iterator[Question]:
            rounds = 0
            while rounds < MOST_ROUNDS and (heard.left or not rounds):
                rounds += 1
                yield from QUESTIONS

        heard = OnceBothWork(1)
        engine.score(until_one_hangs(heard), ASKING, heard)
        assert engine.lost == 1
        assert engine.reruns >= 1
        assert_as_local(heard, local * (len(heard.scored) // len(local)))
        other = OnceBothWork(2)
        patience(120.0)
        with pytest.raises(ClusterAway, match="no worker answered for 3 seconds"):
            engine.score(until_one_hangs(other), ASKING, other)


@pytest.mark.parametrize(
    ("deed", "told"),
    [("score", "one batch of questions ended 3 workers"), ("load", "died before they had loaded")],
)
def test_what_ends_every_worker_ends_the_evaluation(
    deed: str, told: str, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deeds = {"score": lambda _self, _batch: os._exit(1), "load": lambda _self: os._exit(1)}
    # A class without a module that workers could import: it is sent to them whole.
    dying = type("Dying", (ray_engine._Worker,), {deed: deeds[deed]})
    monkeypatch.setattr(ray_engine, "_Worker", dying)
    with (
        engine_on("local", tiny_checkpoint, workers=1) as engine,
        pytest.raises(ClusterAway, match=told),
    ):
        engine.score(QUESTIONS, ASKING, Heard())


def test_a_cluster_of_its_own_leaves_no_process_and_no_file(
    tiny_checkpoint: Path, tmp_path: Path, local: list[Scored], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Path(tempfile.mkdtemp(prefix="own-"))
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    before = psutil.Process().children(recursive=True)
    other = tmp_path / "other"
    shutil.copytree(tiny_checkpoint, other)
    heard = Heard()
    with engine_on("local", tiny_checkpoint, workers=1) as engine:
        engine.score(QUESTIONS, ASKING, heard)
        assert (engine.lost, engine.reruns) == (0, 0)
    assert_as_local(heard, local)
    assert list(short.iterdir()) == []
    wait_until(lambda: psutil.Process().children(recursive=True) == before, 20, "Ray ended")
    assert not ray.is_initialized()
    with engine_on("local", other, workers=1) as engine:
        (other / "generation_config.json").write_text("{}")
        with pytest.raises(DigestMismatch) as caught:
            engine.score(QUESTIONS, ASKING, Heard())
        assert caught.value.expected != caught.value.found
    short.rmdir()


def test_a_cluster_that_is_not_there_is_told(tiny_checkpoint: Path) -> None:
    with (
        pytest.raises(ClusterAway, match="auto"),
        engine_on("auto", tiny_checkpoint),
    ):
        pass


def test_workers_stay_for_what_is_asked_beside_the_suite_until_they_are_released(
    tiny_checkpoint: Path,
) -> None:
    """A temperature and the choices alone are scored by them, too: no weights are read here."""
    suite, validation = make_suite(QUESTIONS[:40]), QUESTIONS[40:80]
    scorer = Scorer.load(tiny_checkpoint)
    planner = Weightless.load(tiny_checkpoint, lazy=True)
    asking = Asking(TOKENS, shots=Shots(tuple(QUESTIONS[90:91])))
    with RayEngine(ClusterSettings("local", 1), planner, tiny_checkpoint) as engine:
        over = OverEngine(engine, planner)
        heard = Heard()
        engine.score(suite.questions, asking, heard)
        (first,) = engine.workers
        ours = (
            fitted_temperature(over, validation, asking, families={None}),
            accuracy_unread(over, suite.questions, asking),
        )
        assert engine.workers == (first,), "the weights were read once"
        engine.release()
        assert engine.workers == ()
        wait_until(lambda: not psutil.pid_exists(first.pid), 20, "the worker ended")
        again = Heard()
        engine.score(suite.questions, asking, again)
        assert engine.workers != (first,)
    theirs = (
        fitted_temperature(scorer, validation, asking, families={None}),
        accuracy_unread(scorer, suite.questions, asking),
    )
    assert ours[0] is not None
    assert theirs[0] is not None
    assert ours[0].value == pytest.approx(theirs[0].value, rel=1e-3)
    assert ours[0].questions_digest == theirs[0].questions_digest
    assert ours[1] == theirs[1]
    assert_as_local(again, [heard.scored[place] for place in range(40)])


@pytest.mark.parametrize("shots", [NO_SHOTS, OWN_SHOTS], ids=["no shots", "by family"])
def test_an_examination_over_ray_has_the_records_of_a_local_one(tmp_path: Path, shots: Any) -> None:
    """Half of it was scored before: that half comes from the stores, the rest goes to them."""
    checkpoint = tmp_path / "checkpoint"
    make_tiny_checkpoint(checkpoint, context_tokens=1_024)
    suite = replace(make_suite(QUESTIONS), shots=shots)
    scorer = Scorer.load(checkpoint)
    planner = Weightless.load(checkpoint, lazy=True)

    def records(cluster: ClusterSettings | None, folder: str, heard: list[int]) -> list[Any]:
        asking = Asking(TOKENS, store=ScoreStore(tmp_path / folder, scorer.identity.digest))
        if cluster is not None:
            score_suite(scorer, replace(suite, questions=suite.questions[:100]), asking)
        by = scorer if cluster is None else planner
        asked = [(suite.questions, replace(asking, shots=suite.shots))]
        with (
            joined(cluster, by, checkpoint, asked) as engine,
            suite_records(
                engine, by, suite, asking, scratch=tmp_path, progress=heard.append
            ) as found,
        ):
            stores = [ScoreStore(one.parent, one.stem) for one in (tmp_path / folder).iterdir()]
            assert len(stores) == len(shots.groups(QUESTIONS))
            assert sum(len(stored(store)) for store in stores) == len(QUESTIONS)
            return list(found)

    alone: list[int] = []
    over: list[int] = []
    ours = records(ClusterSettings("local", 1), "over", over)
    theirs = records(None, "alone", alone)
    assert (alone[0], over[0], over[-1]) == (0, 100, 200)
    assert over == sorted(over)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
        plain = {"probabilities": (), "confidence": None}
        assert one.model_copy(update=plain) == other.model_copy(update=plain)
