from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import ExtraMissing
from contracts.questions import Question
from evaluation.batches import ClusterSettings, planned
from evaluation.engine import OverEngine, joined
from evaluation.run import Asking, score_questions
from evaluation.scores import ScoreStore
from mcq.scorer import Scored, Scorer
from tests.evaluation.local_engine import LocalEngine
from tests.evaluation.making import make_questions, make_suite
from tests.evaluation.weightless import Weightless

ASKING = Asking(batch_tokens=2_048)


@pytest.fixture(scope="module")
def scorer(tiny_checkpoint: Path) -> Scorer:
    return Scorer.load(tiny_checkpoint)


class Heard:
    """What an engine told, by place; a place that is told twice fails."""

    def __init__(self) -> None:
        self.scored: dict[int, Scored] = {}

    def __call__(self, places: Sequence[int], scored: Sequence[Scored]) -> None:
        for place, one in zip(places, scored, strict=True):
            assert place not in self.scored
            self.scored[place] = one

    def in_order(self) -> list[Scored]:
        return [self.scored[place] for place in range(len(self.scored))]


def test_an_engine_says_what_the_scorer_says(scorer: Scorer) -> None:
    questions = make_questions(50)
    heard = Heard()
    LocalEngine(scorer).score(iter(questions), ASKING, heard)
    alone = scorer.score(questions, batch_tokens=2_048)
    assert [one.choice for one in heard.in_order()] == [one.choice for one in alone]
    for ours, theirs in zip(heard.in_order(), alone, strict=True):
        assert ours.log_likelihoods == pytest.approx(theirs.log_likelihoods, abs=1e-5)


def test_a_plan_by_what_another_scorer_reads_is_its_plan_and_reads_no_weights(
    scorer: Scorer, tiny_checkpoint: Path
) -> None:
    questions = make_questions(50)
    questions[3] = questions[3].model_copy(update={"stem": "x" * 400})
    planner = Weightless.load(tiny_checkpoint, lazy=True)
    told, alone = Heard(), Heard()
    ours = list(planned(planner, questions, ASKING, told, reads=scorer.reads))
    assert ours == list(planned(scorer, questions, ASKING, alone))
    assert told.scored == alone.scored
    assert list(told.scored) == [3]


def test_an_engine_takes_a_scorer_s_place(scorer: Scorer, tmp_path: Path) -> None:
    """What is kept is taken from the store; the engine is given the rest."""
    questions = make_questions(30)
    kept = replace(ASKING, store=ScoreStore(tmp_path, scorer.identity.digest))
    score_questions(scorer, questions[:10], kept)
    heard: list[int] = []
    found = score_questions(OverEngine(LocalEngine(scorer), scorer), questions, kept, heard.append)
    for ours, theirs in zip(found, scorer.score(questions, batch_tokens=2_048), strict=True):
        assert ours.log_likelihoods == pytest.approx(theirs.log_likelihoods, abs=1e-5)
    assert (heard[0], heard[-1]) == (10, 30)
    assert kept.has_all(scorer, questions)


@pytest.mark.parametrize("window", [1, 7, 50, 500])
def test_every_place_is_in_one_batch_whatever_the_window(scorer: Scorer, window: int) -> None:
    questions = make_questions(50)
    unscored = Heard()
    batches = list(
        planned(
            scorer,
            questions,
            ASKING,
            unscored,
            window_questions=window,
        )
    )
    assert not unscored.scored
    placed = [place for batch in batches for place in batch.places]
    assert sorted(placed) == list(range(50))
    assert window < 50 or any(len(batch.places) > 1 for batch in batches)


def test_no_more_than_a_window_is_read_ahead(scorer: Scorer) -> None:
    read: list[str] = []

    def stream() -> Iterator[Question]:
        for question in make_questions(50):
            read.append(question.id)
            yield question

    next(planned(scorer, stream(), ASKING, Heard(), window_questions=10))
    assert len(read) == 10


def test_what_does_not_fit_is_told_and_is_in_no_batch(scorer: Scorer) -> None:
    questions = make_questions(5)
    questions[3] = questions[3].model_copy(update={"stem": "x" * 400})
    heard = Heard()
    LocalEngine(scorer).score(questions, ASKING, heard)
    assert sorted(heard.scored) == [0, 1, 2, 3, 4]
    assert [one.choice is None for one in heard.in_order()] == [False, False, False, True, False]
    assert heard.scored[3].unscored


def test_without_ray_it_is_told_how_to_get_it(
    scorer: Scorer, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # what an import finds that is not there
    monkeypatch.delitem(sys.modules, "evaluation.ray_engine", raising=False)
    suite = make_suite(make_questions(1))
    told = joined(ClusterSettings(), scorer, tiny_checkpoint, [(suite.questions, ASKING)])
    with pytest.raises(ExtraMissing, match=r"pip install 'proctor\[ray\]'"), told:
        pass
    # With every answer in the store no cluster is asked for.
    store = ScoreStore(tmp_path, scorer.identity.digest)
    store.add(scorer.score(suite.questions))
    kept = replace(ASKING, store=store)
    every = [(suite.questions, kept), (suite.questions[:0], ASKING)]
    with joined(ClusterSettings(), scorer, tiny_checkpoint, every) as engine:
        assert engine is None
    # One answer that is wanted beside the suite's is enough.
    more = [*every, (make_questions(2)[1:], kept)]
    told = joined(ClusterSettings(), scorer, tiny_checkpoint, more)
    with pytest.raises(ExtraMissing), told:
        pass
