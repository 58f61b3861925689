"""The file of suites: what it may say, its variables, and pins written into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contracts.errors import BadSuites, SuiteNotFound
from contracts.suites import SuiteRef
from evaluation.suite import read_suite, read_whole
from proctor.suites import (
    DEFAULT_PATH,
    chosen_suite,
    find_suite,
    load_suites,
    write_pin,
)

ROOT = Path(__file__).parents[2]
OURS = ROOT / DEFAULT_PATH
# MMLU's files, when they lie beside the repository; they are no part of it.
MMLU = ROOT.parent / "shared" / "data" / "mmlu_cs"
DIGEST = "sha256:" + "a" * 64

FILE = """# Kept.
suites:
  - name: quiz   # also kept
    version: 1  # and this
    description: "the first"
    sources:
      - path: ${QUIZ_HOME}/${PART}.jsonl
  - {name: quiz, version: 2, description: the second, sources: [{path: quiz.jsonl}]}
  -   version: 3
      name: quiz
      digest: DIGEST
      description: the third
      sources: [{path: quiz.jsonl}]
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text.replace("DIGEST", "sha256:" + "b" * 64), encoding="utf-8")
    return path


# ------------------------------------------------------------------ what it may say


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("suites: [", "not YAML"),
        (
            "suites:\n  - name: quiz\n    version: 1\n    name: other\n",
            "the key name is given twice, in line 2 and in line 4",
        ),
        ("suites: []\nsuites: []", "the key suites is given twice, in line 1 and in line 2"),
        ("", "file: Input should be"),
        ("suites: []\nspeed: 3", "speed: unknown key"),
        ("suites:\n  - name: quiz", "suites.0.version: Field required"),
        (FILE.replace("version: 2", "version: 1"), "quiz@1 is declared twice"),
        (FILE.replace("path: quiz.jsonl", "path: q, speed: 3"), "sources.0.speed: unknown key"),
        (
            FILE.replace("version: 2,", "version: 2, template: mmlu-9,"),
            "suites.1.template: 'mmlu-9' is none of the protocol scored, which knows code-1, ",
        ),
        (
            FILE.replace("version: 2,", "version: 2, template: reasoned-1,"),
            "suites.1.template: 'reasoned-1' is none of the protocol scored",
        ),
        (
            FILE.replace("version: 2,", "version: 2, protocol: generate, template: mmlu-1,"),
            "suites.1.template: 'mmlu-1' is none of the protocol generate",
        ),
        (
            FILE.replace(
                "version: 2,",
                "version: 2, protocol: generate, shots: [{path: q}], shots_count: 1,",
            ),
            "suites.1.shots: the protocol generate shows none",
        ),
    ],
)
def test_a_bad_file_is_refused_by_its_key(tmp_path: Path, text: str, reason: str) -> None:
    path = write(tmp_path / "suites.yaml", text)
    with pytest.raises(BadSuites) as caught:
        load_suites(path)
    assert reason in caught.value.reason
    assert str(path) in caught.value.fact


@pytest.mark.parametrize(
    "asked",
    [
        "template: code-1",
        "template: mmlu-1, shots: [{path: q}], shots_count: 1",
        "protocol: generate",
        "protocol: generate, template: codemmlu-plain-1",
        "protocol: generate, template: reasoned-1",
    ],
)
def test_what_can_be_asked_of_some_version_is_a_suite(tmp_path: Path, asked: str) -> None:
    text = FILE.replace("version: 2,", f"version: 2, {asked},")
    found = load_suites(write(tmp_path / "suites.yaml", text))
    assert len(found.suites) == 3


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "suites.yaml"
    with pytest.raises(BadSuites, match="there is no such file"):
        load_suites(path)
    path.write_bytes(b"\xff")
    with pytest.raises(BadSuites, match="not UTF-8"):
        load_suites(path)


def test_a_suite_is_found_by_name_and_version(tmp_path: Path) -> None:
    path = write(tmp_path / "suites.yaml", FILE)
    assert find_suite("quiz", path, {}).description == "the third"
    assert find_suite("quiz@2", path, {}).description == "the second"
    with pytest.raises(SuiteNotFound) as caught:
        find_suite("quiz@4", path, {})
    assert "quiz@1, quiz@2, quiz@3" in caught.value.mend


def test_variables_are_filled_in_from_the_environment(tmp_path: Path) -> None:
    path = write(tmp_path / "suites.yaml", FILE)
    found = find_suite("quiz@1", path, {"QUIZ_HOME": "/data", "PART": "test"})
    assert [source.path for source in found.sources] == ["/data/test.jsonl"]
    for environment in ({"QUIZ_HOME": "/data"}, {"QUIZ_HOME": "/data", "PART": ""}):
        with pytest.raises(BadSuites, match="variable PART, which is not set") as caught:
            find_suite("quiz@1", path, environment)
        assert "Set PART" in caught.value.mend


def test_explicit_files_stand_in_for_the_suites_own(tmp_path: Path) -> None:
    path = write(tmp_path / "suites.yaml", FILE)
    found = chosen_suite("quiz@1", path, [Path("a.jsonl"), Path("b.csv")], {})
    assert [source.path for source in found.sources] == ["a.jsonl", "b.csv"]
    assert str(found.ref) == "quiz@1"
    assert chosen_suite("quiz", path, [Path("a.jsonl")], {}).digest == "sha256:" + "b" * 64
    assert chosen_suite("quiz@2", path, None, {}).sources[0].path == "quiz.jsonl"


# ------------------------------------------------------------------ pins


@pytest.mark.parametrize("version", [1, 3])
def test_a_pin_is_written_and_the_rest_stays_as_it_is(tmp_path: Path, version: int) -> None:
    path = write(tmp_path / "suites.yaml", FILE)
    before = path.read_text().splitlines()
    ref = SuiteRef(name="quiz", version=version)
    write_pin(path, ref, DIGEST)
    found = load_suites(path).find(ref)
    assert found is not None
    assert found.digest == DIGEST
    after = path.read_text().splitlines()
    assert [line for line in after if "digest:" not in line] == [
        line for line in before if "digest:" not in line
    ]
    write_pin(path, ref, DIGEST)
    assert path.read_text().splitlines() == after


def test_a_pin_that_cannot_be_written_is_left_to_people(tmp_path: Path) -> None:
    """In flow style the line after the version is no place for a key."""
    path = write(tmp_path / "suites.yaml", FILE)
    before = path.read_text()
    with pytest.raises(BadSuites, match="cannot be written") as caught:
        write_pin(path, SuiteRef(name="quiz", version=2), DIGEST)
    assert f"digest: {DIGEST}" in caught.value.mend
    assert path.read_text() == before


# ------------------------------------------------------------------ ours


def test_the_generated_bank_is_a_suite_that_every_run_pins_for_itself() -> None:
    spec = find_suite("bank-test", OURS, {})
    assert [source.path for source in spec.sources] == ["data/questions/test.jsonl"]
    assert spec.digest is None


def test_the_suite_of_params_is_declared() -> None:
    from proctor.params import load_params

    name = load_params(ROOT / "params.yaml").evaluate.suite
    assert load_suites(OURS).find(SuiteRef.parse(name)) is not None


@pytest.mark.skipif(not MMLU.is_dir(), reason="MMLU's files do not lie beside the repository")
def test_mmlus_computer_science_is_what_it_is_pinned_to() -> None:
    spec = find_suite("mmlu-cs", OURS, {**os.environ, "PROCTOR_MMLU": str(MMLU)})
    assert spec.digest is not None
    whole = read_whole(spec)
    assert whole.digest == spec.digest
    assert len(whole.questions) == 557
    assert len(whole.families()) == 5
    assert len(read_suite(spec, 100).questions) == 100
