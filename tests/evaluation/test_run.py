from __future__ import annotations

from pathlib import Path

import pytest

from contracts.digests import digest_of_bytes
from contracts.errors import EmptySample
from evaluation.results import records_text
from evaluation.run import Asking, record_of, score_suite, summarise
from mcq.scorer import Scored, Scorer
from tests.evaluation.making import make_questions, make_record, make_records, make_suite


def scored(*probabilities: float) -> Scored:
    return Scored(tuple(0.0 for _ in probabilities), probabilities)


def test_an_unscored_question_is_not_a_wrong_one() -> None:
    record = record_of(make_questions(1)[0], Scored((), (), "too long"))
    assert (record.letter, record.correct, record.confidence) == (None, None, None)
    assert (record.probabilities, record.misconception) == ((), None)
    assert (record.gold, record.family, record.difficulty) == ("A", "sums", "easy")


def test_a_wrong_answer_carries_the_misconception_of_its_choice() -> None:
    record = record_of(make_questions(1)[0], scored(0.1, 0.2, 0.6, 0.1))
    assert (record.letter, record.correct, record.confidence) == ("C", False, 0.6)
    assert record.misconception == "off-by-2"


def test_a_right_answer_carries_none() -> None:
    record = record_of(make_questions(1)[0], scored(0.6, 0.2, 0.1, 0.1))
    assert (record.letter, record.correct, record.misconception) == ("A", True, None)


def test_a_question_without_labels_has_no_misconception() -> None:
    bare = make_questions(1)[0].model_copy(update={"misconceptions": ()})
    assert record_of(bare, scored(0.1, 0.9, 0.0, 0.0)).misconception is None


def test_a_question_without_an_answer_has_no_record() -> None:
    blind = make_questions(1)[0].model_copy(update={"answer": None})
    with pytest.raises(ValueError, match="q00000"):
        record_of(blind, scored(0.6, 0.2, 0.1, 0.1))


@pytest.mark.parametrize("count", [0, 3])
def test_an_evaluation_in_which_nothing_was_scored_has_no_accuracy(count: int) -> None:
    with pytest.raises(EmptySample, match=f"none of the {count}"):
        summarise(make_records([None] * count), make_suite([]), run_id="r", digest="d")


def test_unscored_questions_are_counted_apart() -> None:
    suite = make_suite(make_questions(1))
    records = make_records([True, False, True, None, None])
    digest = digest_of_bytes(b"weights")
    result = summarise(records, suite, run_id="r", digest=digest)
    assert (result.questions, result.unscored, result.correct) == (5, 2, 2)
    assert result.accuracy.estimate == pytest.approx(2 / 3)
    assert result.accuracy.lower < 2 / 3 < result.accuracy.upper
    assert (result.suite, result.suite_digest) == ("bank-test", suite.digest)
    assert (result.run_id, result.digest) == ("r", digest)
    assert result.records_digest == digest_of_bytes(records_text(records).encode())


def test_groups_without_a_scored_question_are_left_out() -> None:
    records = [
        make_record("a", True, family="lists", difficulty="easy"),
        make_record("b", False, family="lists", difficulty="hard"),
        make_record("c", None, family="strings", difficulty="hard"),
        make_record("d", True, family=None, difficulty=None),
    ]
    result = summarise(
        records, make_suite(make_questions(1)), run_id="r", digest=digest_of_bytes(b"")
    )
    assert list(result.by_family) == ["lists"]
    assert (result.by_family["lists"].questions, result.by_family["lists"].correct) == (2, 1)
    assert {name: group.correct for name, group in result.by_difficulty.items()} == {
        "easy": 1,
        "hard": 0,
    }


def test_a_suite_is_scored_in_its_order(tiny_checkpoint: Path) -> None:
    questions = make_questions(20)
    questions[7] = questions[7].model_copy(update={"code": "print(1)\n" * 100})
    heard: list[int] = []
    scorer = Scorer.load(tiny_checkpoint)
    records = score_suite(scorer, make_suite(questions), Asking(512), heard.append)
    assert [record.id for record in records] == [question.id for question in questions]
    assert [record.correct is None for record in records].index(True) == 7
    assert sum(record.correct is None for record in records) == 1
    assert heard[-1] == 20
    for record in records:
        if record.letter is not None:
            assert record.correct == (record.letter == record.gold)
            assert record.confidence == max(record.probabilities)
