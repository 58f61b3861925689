"""A bank's proofs are run again, and one that was altered is named."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import BadInput, BadRow, ProofBroken
from mcq.bank.build import SPLITS, Bank, build_bank
from mcq.bank.kinds import KINDS
from mcq.verify import HASH_SEEDS, PYTHONS_VARIABLE, SUPPORTED, Python, find_pythons, verify_bank
from mcq.write import write_bank

HERE = Python(sys.executable, ".".join(map(str, sys.version_info[:3])))


@pytest.fixture(scope="module")
def bank() -> Bank:
    return build_bank(64, 21, workers=1)


@pytest.fixture
def folder(bank: Bank, tmp_path: Path) -> Path:
    write_bank(bank, tmp_path / "bank")
    return tmp_path / "bank"


def alter(folder: Path, kind: str, **changes: Any) -> str:
    """Change the first training row of ``kind``; its id. A change may be a function of the
    old value and the row."""
    path = folder / "train.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    row = next(row for row in rows if row["kind"] == kind)
    for key, change in changes.items():
        place = row["proof"] if key in row["proof"] else row
        place[key] = change(place[key], row) if callable(change) else change
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(row["id"])


def gold(row: dict[str, Any]) -> int:
    return "ABCD".index(row["answer"])


def swapped(values: list[str], row: dict[str, Any]) -> list[str]:
    """The gold's value in the place of a distractor's too."""
    other = (gold(row) + 1) % 4
    return [values[gold(row)] if at == other else value for at, value in enumerate(values)]


def test_a_sound_bank_is_verified_by_every_python_and_kept(folder: Path, bank: Bank) -> None:
    heard: list[int] = []
    done = verify_bank(folder, progress=heard.append)
    pythons = find_pythons()
    assert HERE in pythons
    assert done.pythons == tuple(python.version for python in pythons)
    assert (done.questions, done.hash_seeds, done.bad) == (64, HASH_SEEDS, {})
    assert heard == list(range(1, len(pythons) * len(HASH_SEEDS) + 1))
    rows = [json.loads(line) for line in (folder / "verification.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [r["id"] for split in SPLITS for r in bank.rows[split]]
    assert all(row["ok"] and row["pythons"] == list(done.pythons) for row in rows)
    # A bank that was verified may be built anew in the same place.
    write_bank(bank, folder)
    assert not (folder / "verification.jsonl").exists()


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        ("output", {"answer": lambda old, _: "B" if old == "A" else "A"}, "is not the code"),
        ("output", {"code": lambda old, _: f"{old}\nprint(1)"}, "is not the code"),
        ("input", {"answer": lambda old, _: "B" if old == "A" else "A"}, "value in the comment"),
        ("input", {"choices": lambda old, _: ["f(0)", *old[1:]]}, "not the function with"),
        ("line", {"answer": lambda old, _: "B" if old == "A" else "A"}, "value in the comment"),
        ("line", {"choices": lambda old, _: ["pass", *old[1:]]}, "choice's line alone"),
        ("patch", {"code": lambda old, _: old.replace("# this", "# that")}, "not one line"),
        ("patch", {"choices": lambda old, _: ["pass", *old[1:]]}, "code with the choice's line"),
    ],
)
def test_an_altered_item_is_named(
    folder: Path, kind: str, changes: dict[str, Any], reason: str
) -> None:
    identity = alter(folder, kind, **changes)
    with pytest.raises(ProofBroken) as caught:
        verify_bank(folder, pythons=[HERE], hash_seeds=["0"])
    assert (caught.value.question, caught.value.questions) == (identity, 1)
    assert re.search(reason, caught.value.reason)
    lines = (folder / "verification.jsonl").read_text().splitlines()
    bad = [row for row in map(json.loads, lines) if not row["ok"]]
    assert [(row["id"], row["reason"]) for row in bad] == [(identity, caught.value.reason)]


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        ("output", {"printed": swapped, "sources": swapped}, "something else than choice"),
        ("output", {"choices": lambda old, _: [f"{old[0]}0", *old[1:]]}, "than choice A"),
        ("output", {"printed": lambda old, _: [f"{old[0]}0", *old[1:]]}, "than choice A"),
        ("patch", {"printed": swapped}, "another choice does what the answer does"),
    ],
)
def test_an_item_that_speaks_against_itself_is_refused_before_anything_is_run(
    folder: Path, kind: str, changes: dict[str, Any], reason: str
) -> None:
    alter(folder, kind, **changes)
    with pytest.raises(BadRow, match=reason):
        verify_bank(folder, pythons=[HERE], hash_seeds=["0"])
    assert not (folder / "verification.jsonl").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_that_prints_something_else_is_found_by_running(folder: Path, kind: str) -> None:
    """The text fits together; only a run shows that it is not so."""

    def lie(values: list[str], row: dict[str, Any]) -> list[str]:
        wrong = (gold(row) + 1) % 4
        return [f"{value}0" if at == wrong else value for at, value in enumerate(values)]

    changes = {"printed": lie, **({"choices": lie} if kind == "output" else {})}
    identity = alter(folder, kind, **changes)
    with pytest.raises(ProofBroken, match=f"{identity}.*instead of") as caught:
        verify_bank(folder, pythons=[HERE], hash_seeds=["0"])
    assert f"Python {HERE.version}, hash seed 0" in caught.value.reason


def replace_gold(folder: Path, code: str, printed: str) -> str:
    """An output question that asks for ``code``, which is said to print ``printed``."""

    def put(text: str) -> Any:
        return lambda old, row: [text if at == gold(row) else o for at, o in enumerate(old)]

    return alter(
        folder, "output", code=code, sources=put(code), printed=put(printed), choices=put(printed)
    )


def test_a_program_that_hangs_on_the_hash_seed_is_found(folder: Path) -> None:
    identity = replace_gold(folder, "print(hash('a') % 1000003)", "123")
    with pytest.raises(ProofBroken, match=identity):
        verify_bank(folder, pythons=[HERE])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print([][0])", r"failed \(IndexError"),
        # Which limit comes first, of CPU time or of wall time, is the machine's load.
        ("while True: pass", r"failed \((ended by SIG|ran longer)"),
        ("print(open('/etc/hostname'))", r"failed \(OSError"),
    ],
)
def test_a_program_that_does_not_end_well_names_itself_alone(
    folder: Path, code: str, reason: str
) -> None:
    identity = replace_gold(folder, code, "1")
    with pytest.raises(ProofBroken) as caught:
        verify_bank(folder, pythons=[HERE], hash_seeds=["0"])
    assert (caught.value.question, caught.value.questions) == (identity, 1)
    assert re.search(reason, caught.value.reason)


def test_what_is_no_bank_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BadInput, match="is no bank"):
        verify_bank(tmp_path / "nothing")
    row = '{"id": "q", "stem": "What?", "choices": ["a", "b"], "answer": "A"}'
    (folder / "test.jsonl").write_text(row)
    with pytest.raises(BadInput, match="question q has no kind, answer or proof"):
        verify_bank(folder)


def test_an_interpreter_that_cannot_run_it_is_told(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho cannot >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(BadInput, match=r"Python 3\.12\.99 at .* could not run .*cannot"):
        verify_bank(folder, pythons=[Python(str(broken), "3.12.99")], hash_seeds=["0"])


def test_pythons_are_found_once_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    same = tmp_path / "python3.11"
    same.symlink_to(sys.executable)
    missing = tmp_path / "missing"
    monkeypatch.setenv(PYTHONS_VARIABLE, f"{same}:{missing}:{tmp_path}:")
    found = find_pythons()
    versions = [python.version for python in found]
    assert len(set(versions)) == len(versions)
    assert HERE in found
    assert {version.rpartition(".")[0] for version in versions} <= set(SUPPORTED)
