from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proctor.pruning import PICKED_SECONDS, STATE_SECONDS, prune

NOW = 2_000_000_000.0
DIGESTS = [f"{n:016x}" for n in range(4)]


def made(path: Path, age_seconds: float) -> Path:
    """A folder with something in it, last touched so long before ``NOW``."""
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "file").write_text("x")
    os.utime(path, (NOW - age_seconds, NOW - age_seconds))
    return path


@pytest.fixture
def user(tmp_path: Path) -> Iterator[Path]:
    """A folder that a running process names in its command, and its answerer's store, which
    it names in its environment."""
    served = tmp_path / "served" / DIGESTS[0]
    child = subprocess.Popen(
        [sys.executable, "-c", "print(1, flush=True); input()", str(served / "bento")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "BENTOML_HOME": str(tmp_path / "answerers" / "3000")},
    )
    assert child.stdout is not None
    assert child.stdout.readline()
    yield served
    child.communicate(b"\n")


def test_what_a_process_names_stays_and_the_rest_goes(tmp_path: Path, user: Path) -> None:
    kept = [
        made(user, PICKED_SECONDS * 2),
        made(tmp_path / "served" / DIGESTS[1], PICKED_SECONDS / 2),
        made(tmp_path / "answerers" / "3000", 0),
        made(tmp_path / "answerers" / "4000", 0),
    ]
    unused = [
        made(tmp_path / "served" / DIGESTS[2], PICKED_SECONDS * 2),
        made(tmp_path / "answerers" / "300", 0),
        made(tmp_path / "answerers" / "30001", 0),
    ]
    pruned = prune(tmp_path, keep=[tmp_path / "answerers" / "4000"], now_seconds=NOW)
    assert sorted(pruned) == sorted(unused)
    assert all(path.is_dir() for path in kept)
    assert not any(path.exists() for path in unused)
    assert prune(tmp_path, keep=[tmp_path / "answerers" / "4000"], now_seconds=NOW) == []


def test_a_training_is_given_up_after_a_month_without_a_save(tmp_path: Path) -> None:
    states = tmp_path / "training"
    old, fresh = states / DIGESTS[0], states / DIGESTS[1]
    made(old / "step-000000200", STATE_SECONDS + 60)
    made(old / "step-000000400", STATE_SECONDS + 1)
    made(fresh / "step-000000200", STATE_SECONDS + 60)
    made(fresh / "step-000000400", STATE_SECONDS - 60)
    made(states / DIGESTS[2] / "unfinished", STATE_SECONDS * 2)
    assert prune(tmp_path, keep=[], now_seconds=NOW) == [old]
    assert sorted(path.name for path in states.iterdir()) == DIGESTS[1:3]


def test_scores_are_given_up_after_a_month_in_which_nobody_looked(tmp_path: Path) -> None:
    scores = tmp_path / "scores"
    scores.mkdir()
    old, fresh, theirs = (
        scores / name for name in (f"{'a' * 64}.jsonl", f"{'b' * 64}.jsonl", "notes.jsonl")
    )
    for path, age in ((old, STATE_SECONDS + 1), (fresh, STATE_SECONDS - 60), (theirs, 1e9)):
        path.write_text("{}\n")
        os.utime(path, (NOW - age, NOW - age))
    assert prune(tmp_path, keep=[], now_seconds=NOW) == [old]
    assert sorted(scores.iterdir()) == [fresh, theirs]


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    elsewhere = made(tmp_path / "elsewhere", PICKED_SECONDS * 2)
    theirs = [
        made(tmp_path / "served" / "store-3000", PICKED_SECONDS * 2),
        made(tmp_path / "served" / "notes", PICKED_SECONDS * 2),
        made(tmp_path / "answerers" / "mine", 0),
        made(tmp_path / "training" / "notes" / "step-1", STATE_SECONDS * 2),
        made(tmp_path / "bentos" / DIGESTS[0], STATE_SECONDS * 2),
    ]
    link = tmp_path / "served" / DIGESTS[3]
    link.symlink_to(elsewhere)
    assert prune(tmp_path, keep=[], now_seconds=NOW) == []
    assert all(path.is_dir() for path in (*theirs, link, elsewhere / "deep"))


def test_a_home_that_is_not_there_has_nothing_to_prune(tmp_path: Path) -> None:
    assert prune(tmp_path / "none", keep=[], now_seconds=NOW) == []
