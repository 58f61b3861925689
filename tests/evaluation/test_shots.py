"""Shots by family: every question is shown those of its own, and nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.digests import digest_of_bytes, digest_of_json
from contracts.errors import BadInput
from contracts.questions import Question
from contracts.suites import SuiteSpec
from evaluation.batches import planned
from evaluation.engine import stream_suite
from evaluation.record_spool import record_spool
from evaluation.run import Asking, record_of, score_suite, summarise
from evaluation.scores import ScoreStore
from evaluation.shots import Shots
from evaluation.suite import Suite, read_suite, read_whole
from evaluation.temperature import fitted_temperature, read_validation
from mcq.calibration import mean_nats
from mcq.loaders import questions_digest
from mcq.scorer import Prepared, Scored, Scorer
from tests.checkpoints import make_tiny_checkpoint
from tests.evaluation.local_engine import LocalEngine
from tests.evaluation.making import make_questions, make_spec, make_suite, write_questions
from tests.evaluation.stored import stored

FAMILIES = ("sums", "lists", "strings")
ASKED = make_questions(24)
SHOTS = make_questions(36)[24:]  # four of each family


def family_of(questions: Sequence[Question], family: str) -> list[Question]:
    return [question for question in questions if question.family == family]


def spec_of(folder: Path, asked: Sequence[Question] = ASKED, **changes: Any) -> SuiteSpec:
    """``asked`` after two of its own family each, a file of shots for each family."""
    files = [
        {"path": str(write_questions(folder / f"{family}.jsonl", family_of(SHOTS, family)))}
        for family in FAMILIES
    ]
    facts = {"shots": files, "shots_count": 2, "shots_by": "family", **changes}
    return make_spec(write_questions(folder / "test.jsonl", asked), **facts)


# ------------------------------------------------------------------ which are shown


@given(
    order=st.permutations(range(len(SHOTS))),
    cuts=st.lists(st.integers(0, len(SHOTS)), max_size=3),
    count=st.integers(1, 4),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_question_is_shown_the_first_of_its_own_family(
    tmp_path: Path, order: list[int], cuts: list[int], count: int
) -> None:
    """However the shots lie in files: each file's first, then each file's second."""
    ends = [0, *sorted(cuts), len(SHOTS)]
    parts = [[SHOTS[place] for place in order[a:b]] for a, b in pairwise(ends) if a < b]
    files = [
        {"path": str(write_questions(tmp_path / f"{place}.jsonl", part))}
        for place, part in enumerate(parts)
    ]
    suite = read_suite(spec_of(tmp_path, shots=files, shots_count=count), 24)
    ranked = sorted(
        (rank, place, shot.id) for place, part in enumerate(parts) for rank, shot in enumerate(part)
    )
    by_id = {shot.id: shot for shot in SHOTS}
    for question in suite.questions:
        own = [by_id[one] for *_, one in ranked if by_id[one].family == question.family]
        assert suite.shots.before(question) == tuple(own[:count])
    assert suite.shots.count == count


def test_groups_are_of_what_is_shown_and_have_every_place_once() -> None:
    by_family = Shots(tuple(SHOTS), "family").groups(ASKED)
    assert [shots for shots, _ in by_family] == [
        tuple(family_of(SHOTS, family)) for family in FAMILIES
    ]
    assert sorted(place for _, places in by_family for place in places) == list(range(24))
    assert Shots(tuple(SHOTS)).groups(ASKED) == [(tuple(SHOTS), tuple(range(24)))]
    assert Shots().groups(ASKED) == [((), tuple(range(24)))]


def test_the_order_of_files_of_one_family_each_is_no_difference(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    turned = spec.model_copy(update={"shots": spec.shots[::-1]})
    assert read_whole(turned).digest == read_whole(spec).digest


def test_shots_by_family_are_another_suite_even_where_they_are_the_same(tmp_path: Path) -> None:
    """With one family the shots are the same; a suite that does not say so keeps its digest."""
    spec = spec_of(tmp_path, family_of(ASKED, "sums"))
    by_family = read_whole(spec)
    alone = spec.model_copy(update={"shots": spec.shots[:1], "shots_by": "suite"})
    by_suite = read_whole(alone)
    assert by_family.shots.every == by_suite.shots.every
    facts = {
        "questions": questions_digest(by_suite.questions),
        "shots": questions_digest(by_suite.shots.every),
    }
    assert by_suite.digest == digest_of_json(facts)
    assert by_family.digest == digest_of_json({**facts, "shots_by": "family"})
    more = spec.model_copy(update={"shots_count": 3})
    assert read_whole(more).digest != by_family.digest


def test_shots_of_families_that_are_not_asked_are_none_of_the_suite_s(tmp_path: Path) -> None:
    suite = read_suite(spec_of(tmp_path, family_of(ASKED, "lists")), 24)
    assert suite.shots.every == tuple(family_of(SHOTS, "lists")[:2])


@pytest.mark.parametrize(
    ("asked", "changes", "reason"),
    [
        (ASKED, {"shots_count": 5}, "to show 5 questions, .* hold 4 of family lists"),
        (
            [*ASKED, SHOTS[0].model_copy(update={"id": "x", "family": "loops"})],
            {},
            "to show 2 questions, .* hold 0 of family loops",
        ),
        (
            [*ASKED[:-1], ASKED[-1].model_copy(update={"family": None})],
            {},
            "to show 2 questions, .* hold 0 for its questions without a family",
        ),
        ([*ASKED, SHOTS[0]], {}, f"shot {SHOTS[0].id} .* is its question {SHOTS[0].id}"),
        (
            [*ASKED, SHOTS[0].model_copy(update={"id": "x", "family": "lists"})],
            {},
            f"shot {SHOTS[0].id} .* is its question x",
        ),
    ],
    ids=["too few", "no shots of a family", "no family", "asked", "asked in another family"],
)
def test_what_cannot_be_shown_is_refused_when_the_suite_is_read(
    tmp_path: Path, asked: list[Question], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        read_suite(spec_of(tmp_path, asked, **changes), 1)


def test_shots_without_a_family_are_nobody_s(tmp_path: Path) -> None:
    nameless = [shot.model_copy(update={"family": None}) for shot in SHOTS[:2]]
    files = [{"path": str(write_questions(tmp_path / "nameless.jsonl", nameless))}]
    for family in ("sums", None):
        asked = [question.model_copy(update={"family": family}) for question in ASKED]
        with pytest.raises(BadInput, match=r"to show 2 questions, .* hold 0 "):
            read_suite(spec_of(tmp_path, asked, shots=files), 24)


def test_there_is_nothing_by_family_without_shots(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="shots_by is of suites that have shots"):
        make_spec(tmp_path / "test.jsonl", shots_by="family")


# ------------------------------------------------------------------ scored


class Counting(Scorer):
    """The scorer, noting how many questions each forward pass was of."""

    def score_batch(self, prepared: Prepared, batch: Sequence[int]) -> list[Scored]:
        self.passes = [*getattr(self, "passes", []), len(batch)]
        return super().score_batch(prepared, batch)


@pytest.fixture(scope="module", params=["letter", "text"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param) / "checkpoint"
    make_tiny_checkpoint(folder, scoring=request.param, context_tokens=2_048)
    return folder


def by_family(questions: Sequence[Question] = ASKED) -> Suite:
    shots = Shots(tuple(one for f in FAMILIES for one in family_of(SHOTS, f)[:2]), "family")
    return replace(make_suite(questions), shots=shots)


def alone(scorer: Scorer, orders: Any = "single") -> dict[str, Scored]:
    """What each family says by itself, by question's id."""
    return {
        question.id: scored
        for family in FAMILIES
        for question, scored in zip(
            family_of(ASKED, family),
            scorer.score(
                family_of(ASKED, family), shots=family_of(SHOTS, family)[:2], orders=orders
            ),
            strict=True,
        )
    }


@pytest.mark.parametrize("orders", ["single", "cyclic"])
def test_every_family_says_what_it_says_alone(checkpoint: Path, orders: Any) -> None:
    scorer = Scorer.load(checkpoint)
    heard: list[int] = []
    asking = Asking(600, orders=orders)
    records = score_suite(scorer, by_family(), asking, heard.append)
    assert [record.id for record in records] == [question.id for question in ASKED]
    assert (heard[0], heard[-1], heard) == (0, 24, sorted(heard))
    expected = alone(scorer, orders)
    for record in records:
        assert record.probabilities == pytest.approx(expected[record.id].probabilities, abs=1e-5)
        for ours, theirs in zip(record.orders, expected[record.id].orders, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-5)
    # It can be told apart from the same shots before all.
    same = score_suite(scorer, replace(by_family(), shots=Shots(tuple(SHOTS[:2]))), asking)
    apart = [
        max(abs(a - b) for a, b in zip(one.probabilities, other.probabilities, strict=True))
        for one, other in zip(records, same, strict=True)
    ]
    assert sum(far > 1e-4 for far in apart) > 12


def test_families_are_kept_apart_and_shared_with_a_suite_of_one(
    checkpoint: Path, tmp_path: Path
) -> None:
    """A family scored before, as a suite of its own, is not scored again; nothing is twice."""
    scorer = Counting.load(checkpoint, lazy=True)
    assert isinstance(scorer, Counting)
    asking = Asking(600, store=ScoreStore(tmp_path, scorer.identity.digest))
    lists = replace(
        make_suite(family_of(ASKED, "lists")), shots=Shots(tuple(family_of(SHOTS, "lists")[:2]))
    )
    score_suite(scorer, lists, asking)
    assert (sum(scorer.passes), len(list(tmp_path.iterdir()))) == (8, 1)
    heard: list[int] = []
    first = score_suite(scorer, by_family(), asking, heard.append)
    assert (heard[0], heard[-1]) == (8, 24)
    assert (sum(scorer.passes), len(list(tmp_path.iterdir()))) == (24, 3)
    idle = Counting.load(checkpoint, lazy=True)
    heard.clear()
    assert score_suite(idle, by_family(), asking, heard.append) == first
    assert (hasattr(idle, "passes"), heard) == (False, [24])


def test_one_that_was_stopped_in_the_second_family_scores_the_rest_only(
    checkpoint: Path, tmp_path: Path
) -> None:
    scorer = Counting.load(checkpoint)
    assert isinstance(scorer, Counting)
    asking = Asking(300, store=ScoreStore(tmp_path, scorer.identity.digest))

    def stop(done: int) -> None:
        if done > 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_suite(scorer, by_family(), asking, stop)
    kept = sum(scorer.passes)
    assert 8 < kept < 16
    heard: list[int] = []
    records = score_suite(scorer, by_family(), asking, heard.append)
    assert (heard[0], heard[-1], sum(scorer.passes)) == (kept, 24, 24)
    expected = alone(scorer)
    for record in records:
        assert record.probabilities == pytest.approx(expected[record.id].probabilities, abs=1e-5)


@pytest.mark.parametrize("window", [1, 5, 24, 500])
def test_a_batch_is_of_one_family_whatever_the_window(checkpoint: Path, window: int) -> None:
    scorer = Scorer.load(checkpoint)
    asking = Asking(2_048, shots=by_family().shots)
    expected = alone(scorer)
    placed: list[int] = []
    for batch in planned(scorer, ASKED, asking, pytest.fail, window_questions=window):
        assert len({ASKED[place].family for place in batch.places}) == 1
        for place, scored in zip(batch.places, batch.score(scorer), strict=True):
            theirs = expected[ASKED[place].id]
            assert scored.log_likelihoods == pytest.approx(theirs.log_likelihoods, abs=1e-4)
        placed += batch.places
    assert sorted(placed) == list(range(24))


def test_an_engine_has_the_records_and_the_stores_of_the_scorer_alone(
    checkpoint: Path, tmp_path: Path
) -> None:
    """One family too long for the context in part, one scored before."""
    long = ASKED[4].model_copy(update={"code": "print(1)\n" * 400})
    suite = by_family([*ASKED[:4], long, *ASKED[5:]])
    scorer = Scorer.load(checkpoint)

    def asking(folder: str) -> Asking:
        store = ScoreStore(tmp_path / folder, scorer.identity.digest)
        return Asking(600, shots=suite.shots, store=store)

    expected = score_suite(scorer, suite, asking("alone"))
    streamed, heard = asking("streamed"), list[int]()
    score_suite(scorer, by_family(family_of(ASKED, "sums")), streamed)
    with record_spool(tmp_path) as spool:
        stream_suite(LocalEngine(scorer), scorer, suite.questions, streamed, spool, heard.append)
        records = list(spool)
    assert (heard[0], heard[-1], heard) == (8, 24, sorted(heard))
    assert [record.letter is None for record in expected].index(True) == 4
    for ours, theirs in zip(records, expected, strict=True):
        assert (ours.id, ours.letter) == (theirs.id, theirs.letter)
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)
    kept = [
        {path.name: set(stored(ScoreStore(path.parent, path.stem))) for path in found}
        for found in ((tmp_path / "alone").iterdir(), (tmp_path / "streamed").iterdir())
    ]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 3


# ------------------------------------------------------------------ the temperature


def test_validation_is_of_families_that_have_shots(tmp_path: Path) -> None:
    suite = by_family()
    own, other = make_questions(48)[36:42], make_questions(48)[42:]
    other = [question.model_copy(update={"family": "loops"}) for question in other]
    nameless = make_questions(49)[48].model_copy(update={"family": None})
    path = write_questions(tmp_path / "validation.jsonl", [*other, *own, nameless, SHOTS[0]])
    assert set(read_validation(path, suite, 100)) == set(own)
    everyone = replace(suite, shots=Shots(tuple(SHOTS[:2])))
    assert set(read_validation(path, everyone, 100)) == {*own, *other, nameless}


def test_the_temperature_is_of_questions_after_the_shots_of_their_family(checkpoint: Path) -> None:
    scorer = Scorer.load(checkpoint)
    fitted = fitted_temperature(scorer, ASKED, Asking(600, shots=by_family().shots), families=())
    assert fitted is not None
    expected = alone(scorer)
    rows = [expected[question.id].probabilities for question in ASKED]
    golds = [question.gold or 0 for question in ASKED]
    assert fitted.nats_before == pytest.approx(mean_nats(rows, golds), abs=1e-5)


def test_the_result_tells_how_many_are_shown_and_whose() -> None:
    records = [record_of(ASKED[0], Scored((0.0,) * 4, (0.4, 0.2, 0.2, 0.2)))]
    result = summarise(records, by_family(), run_id="r", digest=digest_of_bytes(b""))
    assert (result.shots, result.shots_by) == (2, "family")
