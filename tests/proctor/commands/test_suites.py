"""``proctor suites``: list, show and pin, from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evaluation.making import make_questions, write_questions

ROOT = Path(__file__).parents[3]

FILE = """suites:
  - name: quiz
    version: 1
    description: what is asked here
    sources:
      - path: ${QUIZ_HOME}/quiz.jsonl
    filter:
      families: [sums, lists]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "suites.yaml").write_text(FILE)
    write_questions(tmp_path / "quiz.jsonl", make_questions(9))
    return tmp_path


def suites(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proctor", "suites", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QUIZ_HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_is_declared_is_listed_without_reading_it(folder: Path) -> None:
    done = suites(folder, "list", "--json", QUIZ_HOME="")
    assert done.returncode == 0, done.stderr
    (listed,) = json.loads(done.stdout)
    assert (listed["name"], listed["version"], listed["digest"]) == ("quiz", 1, None)
    assert "quiz@1" in suites(folder, "list").stdout


def test_a_suite_is_shown_pinned_and_held_to_it(folder: Path) -> None:
    shown = json.loads(suites(folder, "show", "quiz", "--json").stdout)
    assert shown["suite"] == "quiz@1"
    assert (shown["questions"], shown["filtered"], shown["pinned"]) == (6, 3, None)
    assert shown["families"] == {"lists": 3, "sums": 3}
    assert shown["sources"] == ["${QUIZ_HOME}/quiz.jsonl"]

    pinned = suites(folder, "pin", "quiz")
    assert pinned.returncode == 0, pinned.stderr
    assert shown["digest"] in pinned.stdout
    text = (folder / "evaluation" / "suites.yaml").read_text()
    assert text == FILE.replace("version: 1", f"version: 1\n    digest: {shown['digest']}")
    again = suites(folder, "pin", "quiz@1")
    assert (again.returncode, again.stdout) == (0, pinned.stdout)
    assert "pinned to these questions" in suites(folder, "show", "quiz").stdout

    write_questions(folder / "quiz.jsonl", make_questions(7))
    for words in (("show", "quiz"), ("pin", "quiz")):
        done = suites(folder, *words)
        assert done.returncode == 1
        assert "error: suite quiz@1 (5 questions of" in done.stderr
        assert "declare version 2" in done.stderr
    assert (folder / "evaluation" / "suites.yaml").read_text() == text


def test_how_a_suite_is_asked_is_listed_and_shown(folder: Path) -> None:
    shots = "    template: mmlu-1\n    shots:\n      - path: ${QUIZ_HOME}/shots.jsonl\n"
    (folder / "evaluation" / "suites.yaml").write_text(f"{FILE}{shots}    shots_count: 2\n")
    write_questions(folder / "shots.jsonl", make_questions(12)[9:])
    assert "scored, template mmlu-1, 2 shots" in suites(folder, "list").stdout
    shown = suites(folder, "show", "quiz").stdout
    assert "asked: scored, template mmlu-1, 2 shots" in shown
    facts = json.loads(suites(folder, "show", "quiz", "--json").stdout)
    assert (facts["protocol"], facts["template"]) == ("scored", "mmlu-1")
    assert (facts["shots"], facts["shots_by"]) == (["q00009", "q00010"], "suite")


def test_shots_by_family_are_listed_and_shown(folder: Path) -> None:
    shots = "    shots:\n      - path: ${QUIZ_HOME}/shots.jsonl\n    shots_by: family\n"
    (folder / "evaluation" / "suites.yaml").write_text(f"{FILE}{shots}    shots_count: 2\n")
    write_questions(folder / "shots.jsonl", make_questions(18)[9:])
    assert "2 shots of the question's own family" in suites(folder, "list").stdout.replace(
        "\n", " "
    )
    assert (
        "asked: scored, 2 shots of the question's own family"
        in suites(folder, "show", "quiz").stdout
    )
    facts = json.loads(suites(folder, "show", "quiz", "--json").stdout)
    # No question of the third family is asked.
    assert facts["shots"] == ["q00010", "q00013", "q00009", "q00012"]
    assert facts["shots_by"] == "family"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("show", "none"), "declares no suite none"),
        (("show", "Quiz"), "not a suite's name"),
        (("list", "--suites", "none.yaml"), "there is no such file"),
    ],
)
def test_what_cannot_be_found_ends_with_2(
    folder: Path, words: tuple[str, ...], reason: str
) -> None:
    done = suites(folder, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


@pytest.mark.parametrize("words", [("list",), ("show", "quiz"), ("pin", "quiz")])
def test_a_suite_that_no_version_can_be_asked_is_neither_shown_nor_pinned(
    folder: Path, words: tuple[str, ...]
) -> None:
    path = folder / "evaluation" / "suites.yaml"
    path.write_text(f"{FILE}    template: mmlu-9\n")
    before = path.read_text()
    done = suites(folder, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "suites.0.template: 'mmlu-9' is none of the protocol scored" in done.stderr
    assert path.read_text() == before


def test_an_unset_variable_is_named(folder: Path) -> None:
    done = suites(folder, "show", "quiz", QUIZ_HOME="")
    assert done.returncode == 2
    assert "needs the environment variable QUIZ_HOME" in done.stderr
