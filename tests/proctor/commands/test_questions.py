"""``proctor questions import`` and ``validate``: what is refused, skipped and left out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
TABLE = "question,A,B,answer\nOne?,x,y,A\nTwo?,x,y,Z\nThree?,x,x,A\nFour?,x,y,B\n"
REASONS = [
    (3, "the answer 'Z' is no letter of AB, which answers here are"),
    (4, "choices A and B are the same"),
]


def questions(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proctor", "questions", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def faults(path: Path) -> list[dict[str, Any]]:
    return [{"file": str(path), "line": line, "reason": reason} for line, reason in REASONS]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "quiz.csv"
    path.write_text(TABLE)
    return path


def test_a_bad_row_ends_with_2_and_nothing_is_written(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.jsonl"
    for words in (("validate", str(table)), ("import", str(table), "--out", str(out))):
        done = questions(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {table}:3: the answer 'Z' is no letter of AB")
    assert list(tmp_path.iterdir()) == [table]


def test_skipped_rows_are_counted_and_listed(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.jsonl"
    done = questions("validate", str(table), "--skip-bad", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert (facts["questions"], facts["skipped"]) == (2, faults(table))

    done = questions("import", str(table), "--out", str(out), "--skip-bad", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "path": str(out),
        "questions": 2,
        "sources": [str(table)],
        "skipped": faults(table),
        "left_out": {},
    }
    stems = [json.loads(line)["stem"] for line in out.read_text().splitlines()]
    assert stems == ["One?", "Four?"]

    lines = questions("import", str(table), "--out", str(out), "--skip-bad").stdout.splitlines()
    assert lines == [
        f"{out}: 2 questions from 1 file",
        "skipped: 2 bad rows",
        *(f"  {table}:{line}: {reason}" for line, reason in REASONS),
    ]


def test_one_skipped_row_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "quiz.csv"
    path.write_text("question,A,B,answer\nOne?,x,y,A\nTwo?,x,y,Z\n")
    assert "skipped: 1 bad row\n" in questions("validate", str(path), "--skip-bad").stdout


def test_what_labels_leave_out_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "anatomy.jsonl"
    rows = [
        {
            "question": f"{label} {number}?",
            "choices": ["x", "y"],
            "answer": 0,
            "error_type": label,
            "correct_answer": "B",
        }
        for number, label in enumerate(["ok", "expert", "wrong_groundtruth", "expert"])
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = questions("validate", str(path)).stdout.splitlines()
    assert lines[0].startswith(f"{path}: 1 questions, sha256:")
    assert lines[1:] == ["left out as expert: 2", "left out as wrong_groundtruth: 1"]
    for policy, count in (("correct", 2), ("keep", 4)):
        done = questions("validate", str(path), "--error-labels", policy, "--json")
        assert json.loads(done.stdout)["questions"] == count


def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    table: Path, tmp_path: Path
) -> None:
    bank = tmp_path / "bank"
    assert questions("build", "--out", str(bank), "--count", "24").returncode == 0
    (tmp_path / "file").touch()
    for place in ("/proc/x/y.jsonl", f"{tmp_path}/file/below.jsonl"):
        for words in (
            # Generating so many takes far longer than the command is given.
            ("build", "--count", "10000000"),
            ("verify", str(bank)),
            ("import", str(table), "--skip-bad"),
        ):
            done = questions(*words, "--out", place)
            assert (done.returncode, done.stdout) == (2, ""), words
            assert done.stderr.startswith(f"error: {place} cannot be written ("), words
            assert done.stderr.endswith("with --out.\n")
            assert "runs" not in done.stderr, "nothing was run"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank", "file", "quiz.csv"]


def test_a_build_that_is_told_to_end_leaves_nothing_and_no_one(tmp_path: Path) -> None:
    words = ["build", "--count", "10000", "--workers", "1", "--out", str(tmp_path / "bank")]
    with subprocess.Popen(
        [sys.executable, "-m", "proctor", "questions", *words],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            assert child.stderr is not None
            assert child.stderr.readline().startswith("questions"), "the first tenth is told"
            child.terminate()
            # Its workers hold standard error, too: it ends when they have ended.
            _, said = child.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    assert (child.returncode, said) == (130, "interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_columns_and_answers_are_said_by_flags(tmp_path: Path) -> None:
    path = tmp_path / "quiz.csv"
    path.write_text("prompt,opts,right,hint\nTwice 2?,\"['1', '2', '3', '4']\",3,think\n")
    flags = ["--column", "question=prompt", "--column", "choices=opts", "--column", "answer=right"]
    done = questions("validate", str(path), *flags)
    assert "column 'hint' is unknown" in done.stderr
    done = questions("validate", str(path), *flags, "--ignore-columns")
    assert "is D as index, C as text: say which with --answers" in done.stderr
    done = questions("validate", str(path), *flags, "--ignore-columns", "--answers", "index")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--column", "question"), "--column question is not understood"),
        (("--column", "answer=a", "--column", "answer=b"), "--column answer=b is not understood"),
        (("--column", "stem=prompt"), "columns.stem"),
        (("--format", "codemmlu", "--answers", "index"), "not of format codemmlu"),
        (("--revision", "0" * 40), "a path has no revision"),
        (("--split", "test"), "neither configurations nor splits"),
        (("--format", "xml"), "Invalid value"),
    ],
)
def test_flags_that_make_no_sense_end_with_2(
    table: Path, flags: tuple[str, ...], reason: str
) -> None:
    done = questions("validate", str(table), *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
