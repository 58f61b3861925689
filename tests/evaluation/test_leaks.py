from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from contracts.digests import digest_of_bytes, digest_of_file
from contracts.errors import BadInput, EmptySample
from evaluation.leaks import Leaks, kept_leaks, leaks_of
from evaluation.learned import NO_TRAINING, OTHERS, TAKEN, Learned, find_learned
from mcq.loaders import questions_digest
from tests.evaluation.making import make_questions, make_training, write_questions

QUESTIONS = make_questions(40)
SUITE = questions_digest(QUESTIONS)


def learned_from(folder: Path, count: int) -> Learned:
    path = write_questions(folder / f"{count}.jsonl", QUESTIONS[:count])
    return Learned(path, digest_of_file(path))


def kept(folder: Path, learned: Learned | str, **changes: bool) -> Leaks:
    return kept_leaks(folder / "scores", SUITE, QUESTIONS, learned, seed=1, **changes)


def test_the_training_questions_are_read_once(tmp_path: Path) -> None:
    learned = learned_from(tmp_path, 10)
    first = kept(tmp_path, learned)
    assert first == leaks_of(QUESTIONS, QUESTIONS[:10], 1)
    assert first.contamination is not None
    assert first.contamination.training_count == 10
    learned.path.unlink()
    assert kept(tmp_path, learned) == first
    with pytest.raises(BadInput):
        kept(tmp_path, learned, fresh=True)


def test_other_training_or_none_is_another_file(tmp_path: Path) -> None:
    few, many = (
        kept(tmp_path, learned_from(tmp_path, 10)),
        kept(tmp_path, learned_from(tmp_path, 20)),
    )
    none = kept(tmp_path, NO_TRAINING)
    assert none.reason == NO_TRAINING
    assert none.choices_only == few.choices_only == many.choices_only
    assert few.contamination != many.contamination
    assert len(list((tmp_path / "scores").iterdir())) == 3


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_torn_or_altered_file_is_worked_out_anew(tmp_path: Path, cut: int) -> None:
    learned = learned_from(tmp_path, 10)
    first = kept(tmp_path, learned)
    (path,) = (tmp_path / "scores").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    assert kept(tmp_path, learned) == first
    assert path.read_bytes() == whole
    altered = json.loads(whole)
    altered["leaks"]["contamination"]["touched_count"] = 0
    path.write_text(json.dumps(altered))
    assert kept(tmp_path, learned) == first


def test_a_use_spares_the_file_from_pruning(tmp_path: Path) -> None:
    learned = learned_from(tmp_path, 10)
    kept(tmp_path, learned)
    (path,) = (tmp_path / "scores").iterdir()
    os.utime(path, (0, 0))
    kept(tmp_path, learned)
    assert path.stat().st_mtime > 0


def test_no_questions_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(EmptySample):
        kept_leaks(tmp_path, SUITE, [], NO_TRAINING, seed=1)
    assert not list(tmp_path.iterdir())


def test_only_the_file_that_was_learned_from_is_taken(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "train.jsonl", QUESTIONS)
    training = make_training(digest_of_bytes(b"weights"))
    ours = training.model_copy(update={"data_digest": digest_of_file(path)})
    assert find_learned(path, ours) == Learned(path, digest_of_file(path))
    assert find_learned(path, training) == OTHERS
    assert find_learned(None, ours) == NO_TRAINING
    assert find_learned(path, ours.model_copy(update={"method": "none"})) == TAKEN
    with pytest.raises(BadInput, match=r"nowhere\.jsonl"):
        find_learned(tmp_path / "nowhere.jsonl", ours)
