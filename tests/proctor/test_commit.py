from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from proctor.commit import UNKNOWN, current_commit


def git(folder: Path, *words: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *words],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "tracked").write_text("one\n")
    git(tmp_path, "add", "tracked")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_outside_a_checkout_it_is_unknown(tmp_path: Path) -> None:
    assert current_commit(tmp_path) == UNKNOWN
    assert current_commit(tmp_path / "missing") == UNKNOWN


def test_without_a_commit_it_is_unknown(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert current_commit(tmp_path) == UNKNOWN


def test_without_git_it_is_unknown(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert current_commit(checkout) == UNKNOWN


def test_it_is_the_commit_checked_out(checkout: Path) -> None:
    (checkout / "untracked").write_text("x")
    commit = current_commit(checkout)
    assert len(commit) == 40
    assert commit == git(checkout, "rev-parse", "HEAD")


def test_altered_tracked_files_make_it_dirty(checkout: Path) -> None:
    clean = current_commit(checkout)
    (checkout / "tracked").write_text("two\n")
    assert current_commit(checkout) == f"{clean}-dirty"
