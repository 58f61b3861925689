"""What holds of every answer log: in SQLite, in PostgreSQL, in memory."""

from __future__ import annotations

import pytest

from answerlog.records import CALLER_SOURCES, caller_hash, question_digest
from contracts.answers import AnswerRequest
from contracts.digests import digest_of_bytes
from contracts.errors import AnswerNotFound, BadFeedback
from contracts.times import stamp
from tests.answerlog.conftest import Kept
from tests.answerlog.making import KEY, START, both, ids, record, right, shadow, thumbs

OTHER = AnswerRequest(question="Which line is wrong?", choices=("1", "2"))


def test_nothing_was_recorded(log: Kept) -> None:
    assert list(log.reader.lines()) == []
    assert list(log.reader.pairs()) == []
    assert list(log.reader.labels()) == []
    assert log.reader.tallies() == []
    assert log.reader.last_lines(5) == []


def test_a_line_comes_back_as_it_was(log: Kept) -> None:
    whole = record("r1", item=3, cached=True, generated_explanation=True)
    bare = record("r2", letter=None, model=None, version=None, digest=None, trace_id=None)
    unscored = record("r3", letter=None, outcome="unscored", problem="question-not-scored")
    log.record(whole, bare, unscored)
    assert [line.record for line in log.reader.lines()] == [whole, bare, unscored]
    assert [line.seq for line in log.reader.lines()] == [1, 2, 3]


def test_odd_texts_come_back_as_they_were(log: Kept) -> None:
    odd = AnswerRequest(question="\x00 \u202e \U0001f600 '; --", choices=("%s", ":x", "?"))
    log.record(record("r1", question=odd))
    [line] = log.reader.lines()
    assert line.record.question == odd


def test_lines_are_read_on_from_the_last_one_that_was_seen(log: Kept) -> None:
    log.record(*(record(f"r{number}") for number in range(1, 6)))
    assert ids(list(log.reader.lines(after=2))) == ["r3", "r4", "r5"]
    assert list(log.reader.lines(after=5)) == []
    log.record(record("r6"))
    assert ids(list(log.reader.lines(after=5))) == ["r6"]
    assert ids(log.reader.last_lines(2)) == ["r5", "r6"]


def test_lines_of_a_rollout_a_slot_a_role(log: Kept) -> None:
    log.record(record("r1"), shadow("r1"), record("r2", salt="rollout-2"), record("r3", salt=""))
    assert ids(list(log.reader.lines(salt="rollout-1"))) == ["r1", "r1"]
    assert ids(list(log.reader.lines(salt=""))) == ["r3"]
    assert ids(list(log.reader.lines(slot="stable"))) == ["r1", "r2", "r3"]
    [line] = log.reader.lines(salt="rollout-1", role="shadow", slot="canary")
    assert line.record == shadow("r1")


# ------------------------------------------------------------ pairs


def test_a_shadow_is_paired_with_what_the_caller_saw(log: Kept) -> None:
    log.record(
        record("r1", item=0, letter="A"),
        record("r1", item=1, letter="B"),
        shadow("r1", item=1, letter="C"),
        record("r2", letter="A"),
        shadow("r1", item=0, letter="A"),
    )
    found = list(log.reader.pairs())
    assert [both(pair) for pair in found] == [("r1", "B", "C"), ("r1", "A", "A")]
    assert [pair.seq for pair in found] == [3, 5]
    assert [both(pair) for pair in log.reader.pairs(after=3)] == [("r1", "A", "A")]
    assert list(log.reader.pairs(salt="rollout-2")) == []
    assert len(list(log.reader.pairs(salt="rollout-1"))) == 2


def test_a_shadow_may_be_first(log: Kept) -> None:
    log.record(shadow("r1", letter="B"), record("r1", letter="A"))
    [pair] = log.reader.pairs()
    assert both(pair) == ("r1", "A", "B")


def test_other_keys_and_other_questions_are_no_pair(log: Kept) -> None:
    log.record(record("r1"), shadow("r1", key_id="k2"), shadow("r1", question=OTHER))
    assert list(log.reader.pairs()) == []


def test_a_request_id_used_again_makes_no_second_pair(log: Kept) -> None:
    log.record(record("r1"), shadow("r1"), record("r1"), shadow("r1"), record("r1"))
    assert [pair.seq for pair in log.reader.pairs()] == [2]
    log.record(record("r1", question=OTHER), shadow("r1", question=OTHER))
    assert [pair.seq for pair in log.reader.pairs()] == [2, 7]


def test_a_canary_that_failed_and_who_stood_in_for_it_are_told_apart(log: Kept) -> None:
    log.record(
        record("r1", letter=None, slot="canary", assigned="canary", version="4"),
        record("r1", assigned="canary", fallback=True),
        shadow("r1", slot="stable", version="3"),
    )
    [pair] = log.reader.pairs()
    assert (pair.live.record.slot, pair.shadow.record.slot) == ("canary", "stable")
    assert not pair.latency_comparable


@pytest.mark.parametrize("changed", [{}, {"cached": True}, {"fallback": True}, {"letter": None}])
def test_what_was_not_the_versions_own_work_tells_nothing_of_its_speed(
    log: Kept, changed: dict[str, object]
) -> None:
    log.record(record("r1", **changed), shadow("r1"))
    [pair] = log.reader.pairs()
    assert pair.latency_comparable == (changed == {})


# ------------------------------------------------------------ feedback


def test_feedback_is_about_the_answer_of_that_key_and_that_item(log: Kept) -> None:
    log.record(record("r1"), record("r1", item=1), record("r1", key_id="k2"))
    log.clock.seconds = 7.0
    reply = log.feedback(right("B", item=1))
    assert (reply.request_id, reply.item) == ("r1", 1)
    assert reply.recorded_at == stamp(log.clock.date())
    found = [line.feedback for line in log.reader.lines()]
    assert [told and told.letter for told in found] == [None, "B", None]
    assert [line.correct for line in log.reader.lines()] == [None, False, None]


@pytest.mark.parametrize(
    ("key", "request_id", "item"),
    [("k2", "r1", 0), (KEY, "r2", 0), (KEY, "r1", 1), (KEY, "failed", 0), (KEY, "shadow", 0),
     (KEY, "r1\x00", 0), ("", "r1", 0)],
)  # fmt: skip
def test_feedback_on_what_was_never_answered(
    log: Kept, key: str, request_id: str, item: int
) -> None:
    log.record(record("r1"), record("failed", letter=None), shadow("shadow"))
    with pytest.raises(AnswerNotFound):
        log.feedback(right("A", request_id, item), key)
    assert list(log.reader.labels()) == []


def test_a_letter_that_the_question_had_not(log: Kept) -> None:
    log.record(record("r1"))
    with pytest.raises(BadFeedback, match="D is not among the choices ABC"):
        log.feedback(right("D"))
    assert log.reader.summary().feedback == 0
    log.feedback(right("C"))


def test_all_feedback_is_kept_and_the_last_one_counts(log: Kept) -> None:
    log.record(record("r1", letter="A"))
    for given in (right("B"), thumbs("down"), right("A")):
        log.feedback(given)
    assert log.reader.summary().feedback == 3
    [line] = log.reader.lines()
    assert line.correct is True
    assert [label.seq for label in log.reader.labels()] == [3]


def test_feedback_on_an_id_used_again_is_about_the_last_answer(log: Kept) -> None:
    log.record(record("r1", letter="A"), record("r1", letter="B", question=OTHER))
    log.feedback(right("A"))
    assert [line.correct for line in log.reader.lines()] == [None, False]


def test_a_fallback_is_what_the_caller_saw(log: Kept) -> None:
    log.record(
        record("r1", letter=None, slot="canary", assigned="canary"),
        record("r1", letter="A", assigned="canary", fallback=True),
    )
    log.feedback(thumbs("up"))
    assert [line.correct for line in log.reader.lines()] == [None, True]


def test_a_right_letter_judges_the_shadow_too_and_thumbs_do_not(log: Kept) -> None:
    log.record(record("r1", letter="A"), shadow("r1", letter="B"))
    log.feedback(right("B"))
    assert [line.correct for line in log.reader.lines()] == [False, True]
    log.feedback(thumbs("up"))
    assert [line.correct for line in log.reader.lines()] == [True, None]


def test_labels_are_read_on_in_the_order_of_feedback(log: Kept) -> None:
    log.record(*(record(f"r{number}", letter="A") for number in range(1, 4)), shadow("r1"))
    for given in (right("A", "r3"), right("B", "r1"), right("C", "r2")):
        log.feedback(given)
    found = [(one.seq, one.line.seq, one.correct) for one in log.reader.labels()]
    assert found == [(1, 3, True), (2, 1, False), (2, 4, False), (3, 2, False)]
    log.feedback(right("A", "r1"))
    found = [(one.seq, one.line.seq, one.correct) for one in log.reader.labels(after=2)]
    assert found == [(3, 2, False), (4, 1, True), (4, 4, True)]
    assert list(log.reader.labels(after=4)) == []
    assert list(log.reader.labels(salt="other")) == []


# ------------------------------------------------------------ sums


def test_tallies_and_accuracy(log: Kept) -> None:
    log.record(
        record("r1", letter="A"),
        record("r2", letter="B", cached=True),
        record("r3", letter="A", assigned="canary", fallback=True),
        record("r4", letter=None),
        record("r5", letter=None, outcome="unscored", problem="question-not-scored"),
        shadow("r1", letter="C"),
        record("r6", salt="rollout-2", version="9"),
    )
    for given in (right("A", "r1"), thumbs("down", "r2"), thumbs("down", "r1"), right("C", "r1")):
        log.feedback(given)
    live, other, shadowed = log.reader.tallies()
    assert live.model_dump() == {
        "role": "live", "slot": "stable", "model": "coding-mcqa", "version": "3",
        "lines": 5, "answered": 3, "unscored": 1, "failed": 1, "cached": 1, "fallback": 1,
        "labelled": 2, "right": 0,
    }  # fmt: skip
    assert live.accuracy == 0.0
    assert (other.version, other.lines, other.accuracy) == ("9", 1, None)
    assert (shadowed.role, shadowed.labelled, shadowed.accuracy) == ("shadow", 1, 1.0)
    assert log.reader.tallies(salt="rollout-2") == [other]


# ------------------------------------------------------------ purging


def test_a_caller_is_forgotten_with_the_feedback_on_it(log: Kept) -> None:
    eve = caller_hash("header", "eve")
    log.record(record("r1"), record("r2", caller=eve), record("r3"), shadow("r2", caller=eve))
    log.feedback(right("A", "r1"))
    log.feedback(right("A", "r2"))
    gone = log.purge(callers=[caller_hash(source, "eve") for source in CALLER_SOURCES])
    assert (gone.lines, gone.feedback, gone.compacted) == (2, 1, True)
    assert ids(list(log.reader.lines())) == ["r1", "r3"]
    assert log.reader.summary().feedback == 1
    with pytest.raises(AnswerNotFound):
        log.feedback(right("A", "r2"))


def test_what_is_old_is_forgotten(log: Kept) -> None:
    log.record(record("r1"))
    log.clock.seconds = 60.0
    log.record(record("r2", at=stamp(log.clock.date())), record("r3"))
    gone = log.purge(before=log.clock.date())
    assert gone.lines == 2, "what is exactly as old stays"
    [line] = log.reader.lines()
    assert (line.record.request_id, line.seq) == ("r2", 2)
    assert log.purge(callers=[line.record.caller], before=START).lines == 0
    log.record(record("r4"))
    assert [line.seq for line in log.reader.lines()] == [2, 4]


def test_numbers_are_never_given_twice(log: Kept) -> None:
    log.record(record("r1"), record("r2"))
    log.feedback(right("A", "r2"))
    log.purge(callers=[caller_hash("header", "ada")])
    assert list(log.reader.lines()) == []
    log.record(record("r3"))
    log.feedback(right("A", "r3"))
    assert [line.seq for line in log.reader.lines()] == [3]
    assert [label.seq for label in log.reader.labels()] == [2]


def test_the_digest_of_a_question_is_of_its_content() -> None:
    by_letter = AnswerRequest.model_validate(
        {"question": "Which line is wrong?", "choices": {"B": "2", "A": "1"}}
    )
    assert question_digest(by_letter) == question_digest(OTHER)
    told = b'{"choices":["1","2"],"code":null,"question":"Which line is wrong?"}'
    assert question_digest(OTHER) == digest_of_bytes(told)
