"""Parquet, a folder in the hub's layout, and the hub itself, through ``datasets``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import BadInput, BadRow
from contracts.sources import QuestionSource, parse_source
from mcq.loaders import Reading, load_questions
from tests.mcq.loaders.hub import COMMIT, Hub, serving
from tests.mcq.loaders.making import faults_of, good_of, write_jsonl
from tests.waiting import free_port

ROOT = Path(__file__).parents[3]

CARD = """---
license: cc-by-4.0
configs:
- config_name: anatomy
  data_files:
  - split: test
    path: anatomy/test-*.{suffix}
- config_name: virology
  data_files:
  - split: test
    path: virology/test-*.{suffix}
  - split: dev
    path: virology/dev-*.{suffix}
---
# A quiz
"""


def redux(number: int, label: str = "ok") -> dict[str, Any]:
    return {
        "question": f"Question {number}?",
        "choices": ["w", "x", "y", "z"],
        "answer": number % 4,
        "error_type": label,
        "source": "Expert",
        "correct_answer": None,
        "potential_reason": None,
    }


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    import datasets

    path.parent.mkdir(parents=True, exist_ok=True)
    datasets.Dataset.from_list(rows).to_parquet(path)
    return path


def repository(folder: Path, suffix: str) -> Path:
    """Data files and a card, as a dataset lies on the hub."""
    write = write_parquet if suffix == "parquet" else write_jsonl
    name = f"00000-of-00001.{suffix}"
    write(folder / "anatomy" / f"test-{name}", [redux(n) for n in range(3)])
    write(folder / "virology" / f"test-{name}", [redux(n) for n in range(10, 15)])
    write(folder / "virology" / f"dev-{name}", [redux(20), redux(21, "expert")])
    (folder / "README.md").write_text(CARD.format(suffix=suffix))
    return folder


# ------------------------------------------------------------------ Parquet


def test_a_parquet_file_is_read_by_rows(tmp_path: Path) -> None:
    rows = [redux(number) for number in range(3)]
    path = write_parquet(tmp_path / "anatomy" / "test-00000-of-00001.parquet", rows)
    questions = good_of(path)
    assert [q.stem for q in questions] == ["Question 0?", "Question 1?", "Question 2?"]
    assert [q.answer for q in questions] == ["A", "B", "C"]
    assert {q.family for q in questions} == {"anatomy"}


def test_our_own_rows_come_back_from_parquet(tmp_path: Path) -> None:
    rows = [
        {"id": f"q{n}", "stem": "What?", "choices": ["x", "y"], "answer": "B", "family": None}
        for n in range(2)
    ]
    questions = good_of(write_parquet(tmp_path / "rows.parquet", rows))
    assert [q.id for q in questions] == ["q0", "q1"]


def test_a_bad_row_of_parquet_is_named_by_its_number(tmp_path: Path) -> None:
    rows = [redux(0), redux(1), {**redux(2), "answer": 9}]
    path = write_parquet(tmp_path / "anatomy.parquet", rows)
    assert faults_of(path) == [(3, "the answer 9 is no index from 0 to 3, which answers here are")]


def test_a_name_with_brackets_is_no_pattern(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "test[12].parquet", [redux(0)])
    assert len(good_of(path)) == 1


# ------------------------------------------------------------------ a folder


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_a_folder_in_the_layout_of_the_hub_is_read(tmp_path: Path, suffix: str) -> None:
    folder = repository(tmp_path / "quiz", suffix)
    anatomy = load_questions(QuestionSource(path=str(folder), config="anatomy"))
    virology = load_questions(QuestionSource(path=str(folder), config="virology"))
    assert [len(anatomy), len(virology)] == [3, 5]
    assert {q.family for q in virology} == {"virology"}
    dev = Reading([QuestionSource(path=str(folder), config="virology", split="dev")])
    assert [q.stem for q in dev] == ["Question 20?"]
    assert dev.left_out == {"expert": 1}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, r"Config name is missing.*\['anatomy', 'virology'\]"),
        ({"config": "botany"}, "'botany' not found"),
        ({"config": "anatomy", "split": "dev"}, "Bad split: dev"),
    ],
)
def test_what_a_folder_does_not_hold_is_told(
    tmp_path: Path, settings: dict[str, str], reason: str
) -> None:
    folder = repository(tmp_path / "quiz", "jsonl")
    with pytest.raises(BadInput, match=reason) as caught:
        load_questions(QuestionSource.model_validate({"path": str(folder), **settings}))
    assert str(folder) in caught.value.fact
    assert "--config" in caught.value.mend


def test_a_folder_of_files_without_a_card_is_read(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "quiz" / "test.jsonl", [redux(0)])
    (question,) = load_questions(tmp_path / "quiz")
    assert question.family is None


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_questions(tmp_path)


def test_code_in_a_folder_is_not_run(tmp_path: Path) -> None:
    folder = repository(tmp_path / "quiz", "jsonl")
    proof = tmp_path / "ran"
    (folder / "quiz.py").write_text(f"open({str(proof)!r}, 'w')\n")
    with pytest.raises(BadInput, match="scripts are no longer supported"):
        load_questions(QuestionSource(path=str(folder), config="anatomy"))
    assert not proof.exists()


def test_files_have_no_configurations(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "test.jsonl", [redux(0)])
    with pytest.raises(BadInput, match="neither configurations nor splits"):
        load_questions(QuestionSource(path=str(path), config="anatomy"))


def test_a_damaged_file_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = repository(tmp_path / "quiz", "parquet")
    (damaged,) = (folder / "anatomy").iterdir()
    damaged.write_bytes(damaged.read_bytes()[:-40])
    with pytest.raises(BadInput, match="cannot be read"):
        load_questions(QuestionSource(path=str(folder), config="anatomy"))


def test_the_row_of_a_dataset_is_named_by_address_and_number(tmp_path: Path) -> None:
    folder = tmp_path / "quiz"
    write_jsonl(folder / "test.jsonl", [redux(0), {**redux(1), "choices": ["w"]}])
    with pytest.raises(BadRow, match=r"quiz\?split=test:2: 1 choices") as caught:
        load_questions(QuestionSource(path=str(folder), split="test"))
    assert caught.value.line == 2


def test_importing_the_loaders_imports_neither_datasets_nor_yaml() -> None:
    code = (
        "import sys, mcq.loaders, mcq.write\n"
        "print(*sorted({'datasets', 'yaml', 'pyarrow', 'huggingface_hub'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_what_a_model_carries_along_does_not_lead_to_datasets() -> None:
    """Logged models and bentos run ``mcq.scorer`` where neither library needs to be."""
    import grimp

    graph = grimp.build_graph("mcq", "contracts", include_external_packages=True)
    for library in ("datasets", "huggingface_hub"):
        importers = graph.find_modules_that_directly_import(library)
        assert "mcq.scorer" not in importers
        assert importers & graph.find_upstream_modules("mcq.scorer") == set()
    assert graph.find_modules_that_directly_import("datasets") == {"mcq.loaders.dataset_records"}


# ------------------------------------------------------------------ the hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = repository(tmp_path_factory.mktemp("hub") / "quiz", "jsonl")
    with serving(folder, "someone/quiz") as served:
        yield served


def validate(
    home: Path, address: str, *flags: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the library reads the hub's address when it is imported."""
    outside = ("HF_", "TRANSFORMERS_OFFLINE")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(outside)}
    return subprocess.run(
        [sys.executable, "-m", "proctor", "questions", "validate", address, *flags, "--json"],
        cwd=ROOT,
        env={**clean, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.integration
def test_a_dataset_is_read_at_its_commit(hub: Hub, tmp_path: Path) -> None:
    address = f"hf://someone/quiz@{COMMIT}?config=virology"
    done = validate(tmp_path, address, HF_ENDPOINT=hub.url)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout)["questions"] == 5
    assert all(COMMIT in line for line in hub.asked)
    # Nothing of the data is kept.
    kept = [path.suffix for path in tmp_path.rglob("*") if path.is_file()]
    assert ".jsonl" not in kept
    assert ".arrow" not in kept
    flags = ("--revision", COMMIT, "--config", "virology", "--split", "dev")
    done = validate(tmp_path, "hf://someone/quiz", *flags, HF_ENDPOINT=hub.url)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["questions"], facts["left_out"]) == (1, {"expert": 1})


@pytest.mark.integration
@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"hf://someone/quiz@{'a' * 40}?config=anatomy", "it has no such commit"),
        (f"hf://someone/other@{COMMIT}?config=anatomy", "it does not exist, or not for you"),
    ],
)
def test_what_the_hub_does_not_have_ends_with_2(
    hub: Hub, tmp_path: Path, address: str, words: str
) -> None:
    done = validate(tmp_path, address, HF_ENDPOINT=hub.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: the Hugging Face hub has no {address}: {words}." in done.stderr


@pytest.mark.integration
@pytest.mark.parametrize("how", ["refused", "silent", "offline"])
def test_a_hub_that_is_away_ends_with_3_within_seconds(tmp_path: Path, how: str) -> None:
    import socket

    with socket.socket() as silent:
        # Connections are accepted by the kernel, and nobody ever answers.
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1] if how == "silent" else free_port()
        environment = {"HF_ENDPOINT": f"http://127.0.0.1:{port}"}
        if how == "offline":
            environment["HF_HUB_OFFLINE"] = "1"
        started = time.monotonic()
        address = f"hf://someone/quiz@{COMMIT}?config=anatomy"
        done = validate(tmp_path, address, **environment)
        seconds = time.monotonic() - started
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{address} is not on this machine, and the Hugging Face hub" in done.stderr
    assert "hf download --repo-type dataset" in done.stderr
    assert "Traceback" not in done.stderr
    assert seconds < 45


@pytest.mark.integration
def test_a_hub_that_fails_after_the_check_is_away_too(hub: Hub, tmp_path: Path) -> None:
    address = f"hf://someone/quiz@{COMMIT}?config=anatomy"
    hub.failing = True
    try:
        done = validate(tmp_path, address, HF_ENDPOINT=hub.url)
    finally:
        hub.failing = False
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{address} is not on this machine" in done.stderr
    assert f"the Hugging Face hub at {hub.url} cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_revision_must_be_a_commit() -> None:
    for revision in ("main", "v1.0", COMMIT[:39], COMMIT.upper()):
        with pytest.raises(BadInput, match="revision") as caught:
            parse_source(f"hf://someone/quiz@{revision}")
        assert "a branch would move" in caught.value.mend


def test_without_the_library_the_extra_is_named(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "anatomy.parquet", [redux(0)])
    code = (
        "import sys\nfrom pathlib import Path\nsys.modules['datasets'] = None\n"
        "from contracts.errors import BadInput\nfrom mcq.loaders import load_questions\n"
        "try:\n    load_questions(Path(sys.argv[1]))\n"
        "except BadInput as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{path} needs the library datasets, which is not installed." in done.stdout
    assert "pip install 'proctor[datasets]'" in done.stdout
