from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from pydantic import ValidationError

from contracts.errors import BadInput, BadRow, DigestMismatch
from contracts.suites import SuiteSpec
from evaluation.suite import check_pin, read_suite, read_whole
from mcq.loaders import questions_digest
from mcq.orders import rotated
from tests.evaluation.making import make_questions, make_spec, write_questions


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.jsonl"):
        read_suite(make_spec(tmp_path / "none.jsonl"), 5)


def test_a_bad_row_is_named_or_skipped_when_the_suite_says_so(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(3))
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(BadRow, match=":4:"):
        read_suite(make_spec(path), 2)
    whole = read_whole(make_spec(path, skip_bad=True))
    assert (len(whole.questions), whole.skipped) == (3, 1)


def test_a_question_without_an_answer_is_refused_even_beyond_those_taken(tmp_path: Path) -> None:
    questions = make_questions(20)
    for place, question in enumerate(questions):
        rest = [*questions[:place], *questions[place + 1 :]]
        blind = question.model_copy(update={"answer": None})
        path = write_questions(tmp_path / "test.jsonl", [*rest, blind])
        with pytest.raises(BadInput, match=question.id):
            read_suite(make_spec(path), 1)


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    questions = make_questions(50)
    one = read_suite(make_spec(write_questions(tmp_path / "a.jsonl", questions)), 30)
    Random(1).shuffle(questions)
    other = read_suite(make_spec(write_questions(tmp_path / "b.jsonl", questions)), 30)
    assert one.questions == other.questions
    assert one.digest == other.digest == questions_digest(one.questions)


def test_a_suite_of_several_files_is_the_suite_of_all_their_questions(tmp_path: Path) -> None:
    questions = make_questions(30)
    whole = read_suite(make_spec(write_questions(tmp_path / "all.jsonl", questions)), 30)
    paths = [
        write_questions(tmp_path / "later.jsonl", questions[17:]),
        write_questions(tmp_path / "sooner.jsonl", questions[:17]),
    ]
    spec = make_spec(paths[0], sources=[{"path": str(path)} for path in paths])
    parts = read_suite(spec, 30)
    assert (parts.questions, parts.digest) == (whole.questions, whole.digest)
    assert parts.source == f"{paths[0]}, {paths[1]}"


def test_the_same_id_in_two_files_of_a_suite_is_refused(tmp_path: Path) -> None:
    paths = [write_questions(tmp_path / f"{name}.jsonl", make_questions(2)) for name in "ab"]
    spec = make_spec(paths[0], sources=[{"path": str(path)} for path in paths])
    with pytest.raises(BadRow, match=r"b\.jsonl:1: the id q00000 stands in line 1 of .*a\.jsonl"):
        read_suite(spec, 2)


def test_a_larger_suite_begins_with_the_smaller_one(tmp_path: Path) -> None:
    spec = make_spec(write_questions(tmp_path / "test.jsonl", make_questions(50)))
    small, large = read_suite(spec, 10), read_suite(spec, 40)
    assert (len(small.questions), len(large.questions)) == (10, 40)
    assert large.questions[:10] == small.questions
    assert small.digest != large.digest
    capped = spec.model_copy(update={"max_questions": 10})
    assert read_suite(capped, 40) == small


def test_all_are_taken_when_fewer_than_asked(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(7))
    suite = read_suite(make_spec(path, version=3), 1_000)
    assert len(suite.questions) == 7
    assert (suite.name, suite.source) == ("bank-test@3", str(path))


def test_an_altered_question_alters_the_digest(tmp_path: Path) -> None:
    questions = make_questions(7)
    before = read_suite(make_spec(write_questions(tmp_path / "a.jsonl", questions)), 7)
    questions[3] = questions[3].model_copy(update={"answer": "A"})
    after = read_suite(make_spec(write_questions(tmp_path / "b.jsonl", questions)), 7)
    assert before.digest != after.digest


# ------------------------------------------------------------------ filters


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 30),
        ({"families": ["sums"]}, 10),
        ({"families": ["sums", "lists"]}, 20),
        ({"difficulties": ["hard"]}, 15),
        ({"families": ["sums"], "difficulties": ["hard"]}, 5),
        ({"error_labels": ["ok"]}, 0),
    ],
)
def test_a_filter_takes_what_has_one_value_of_every_key(
    tmp_path: Path, wanted: dict[str, list[str]], count: int
) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(30))
    spec = make_spec(path, filter=wanted)
    if not count:
        with pytest.raises(BadInput, match="its filter takes none of 30"):
            read_whole(spec)
        return
    whole = read_whole(spec)
    assert (len(whole.questions), whole.filtered) == (count, 30 - count)
    for question in whole.questions:
        assert question.family in wanted.get("families", [question.family])
        assert question.difficulty in wanted.get("difficulties", [question.difficulty])


def test_a_question_that_the_filter_does_not_take_needs_no_answer(tmp_path: Path) -> None:
    questions = make_questions(6)
    questions[0] = questions[0].model_copy(update={"answer": None})
    path = write_questions(tmp_path / "test.jsonl", questions)
    assert questions[0].family == "sums"
    assert len(read_whole(make_spec(path, filter={"families": ["lists"]})).questions) == 2


# ------------------------------------------------------------------ pins


def pinned(spec: SuiteSpec) -> SuiteSpec:
    return spec.model_copy(update={"digest": read_whole(spec).digest})


def test_a_pinned_suite_is_read_as_long_as_its_questions_are_the_same(tmp_path: Path) -> None:
    questions = make_questions(20)
    path = write_questions(tmp_path / "test.jsonl", questions)
    spec = pinned(make_spec(path))
    write_questions(path, questions[::-1])
    # The pin is of the whole suite: an evaluation may take fewer.
    assert len(read_suite(spec, 5).questions) == 5


@pytest.mark.parametrize("change", ["altered", "removed", "added"])
def test_a_pinned_suite_with_other_questions_is_refused(tmp_path: Path, change: str) -> None:
    questions = make_questions(20)
    path = write_questions(tmp_path / "test.jsonl", questions)
    spec = pinned(make_spec(path, version=2))
    if change == "altered":
        questions[19] = questions[19].model_copy(update={"stem": "Which?"})
    elif change == "removed":
        questions.pop()
    else:
        questions = make_questions(21)
    write_questions(path, questions)
    with pytest.raises(DigestMismatch, match="suite bank-test@2") as caught:
        read_suite(spec, 1)
    assert caught.value.expected == spec.digest
    assert caught.value.exit_code == 1
    assert "declare version 3" in caught.value.mend


def test_an_unpinned_suite_has_nothing_to_be_held_to(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(2))
    check_pin(read_whole(make_spec(path)))


# ------------------------------------------------------------------ how it is asked


def shot_file(folder: Path, name: str, first: int, count: int) -> dict[str, str]:
    questions = make_questions(first + count)[first:]
    return {"path": str(write_questions(folder / f"{name}.jsonl", questions))}


def test_shots_are_the_first_of_each_file_in_turn(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(5))
    files = [shot_file(tmp_path, "a", 10, 1), shot_file(tmp_path, "b", 20, 3)]
    suite = read_suite(make_spec(path, shots=files, shots_count=3), 5)
    assert [shot.id for shot in suite.shots.every] == ["q00010", "q00020", "q00021"]


@pytest.mark.parametrize(("first", "count", "wanted", "reason"), [
    (4, 2, 1, r"shot q00004 of suite bank-test@1 is its question q00004"),
    (10, 2, 3, "to show 3 questions, but its files of shots hold 2"),
])  # fmt: skip
def test_shots_that_would_tell_an_answer_or_are_missing_are_refused(
    tmp_path: Path, first: int, count: int, wanted: int, reason: str
) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(5))
    spec = make_spec(path, shots=[shot_file(tmp_path, "a", first, count)], shots_count=wanted)
    with pytest.raises(BadInput, match=reason):
        read_suite(spec, 1)


def test_a_shot_with_its_choices_in_another_order_is_still_the_same(tmp_path: Path) -> None:
    questions = make_questions(5)
    path = write_questions(tmp_path / "test.jsonl", questions)
    turned = rotated(questions[2], 1).model_copy(update={"id": "other"})
    shots = write_questions(tmp_path / "shots.jsonl", [turned])
    with pytest.raises(BadInput, match=r"shot other .* is its question q00002"):
        read_suite(make_spec(path, shots=[{"path": str(shots)}], shots_count=1), 5)


def test_another_way_of_asking_is_another_suite(tmp_path: Path) -> None:
    """Results of one must not be compared with those of the other; the usual way keeps the
    digest of the questions alone."""
    path = write_questions(tmp_path / "test.jsonl", make_questions(5))
    shots = [shot_file(tmp_path, "a", 10, 2)]
    ways: list[dict[str, object]] = [
        {},
        {"template": "mmlu-1"},
        {"protocol": "generate"},
        {"shots": shots, "shots_count": 1},
        {"shots": shots, "shots_count": 2},
    ]
    digests = [read_whole(make_spec(path, **way)).digest for way in ways]
    assert len(set(digests)) == len(ways)
    suite = read_suite(make_spec(path), 5)
    assert digests[0] == suite.digest == questions_digest(suite.questions)


def test_shots_and_their_count_go_together(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="go together"):
        make_spec(tmp_path / "test.jsonl", shots_count=5)


def test_a_shot_must_know_its_answer(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "test.jsonl", make_questions(5))
    blind = make_questions(13)[12].model_copy(update={"answer": None})
    shots = write_questions(tmp_path / "shots.jsonl", [blind])
    with pytest.raises(BadInput, match=r"shot q00012 .* does not know its answer"):
        read_suite(make_spec(path, shots=[{"path": str(shots)}], shots_count=1), 5)
