"""Runs the proofs of a bank again, in interpreters that share nothing with its making.

Every program of every choice is run by every supported Python that is found, under
several hash seeds: one process for each pair, which forks a child for a batch of items
(``mcq.bank.execution``, its limits hold). An item is sound when every run printed what
the proof says and what the question says follows from that (``mcq.bank.statements``).
Only banks are run; imported questions carry no proof and are refused.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.digests import canonical_json
from contracts.errors import BadInput, ProofBroken
from contracts.files import check_out, out_faults, write_atomically
from contracts.questions import Question
from mcq.bank.build import SPLITS
from mcq.bank.statements import fault_of
from mcq.loaders import load_questions

VERIFICATION: Final = "verification.jsonl"
HASH_SEEDS: Final = ("0", "1", "4711")
SUPPORTED: Final = ("3.11", "3.12", "3.13")
PYTHONS_VARIABLE: Final = "PROCTOR_TEST_PYTHONS"
ROOT: Final = Path(__file__).parents[1]
BATCH: Final = 25

# Reads a list of items, each a list of programs; writes a line an item. A batch that was
# killed is run again one by one, so that one bad program names itself alone.
RUNNER: Final = f"""
import json, sys
sys.path.insert(0, {str(ROOT)!r})
from mcq.bank.execution import run_programs
items = json.load(sys.stdin)
for start in range(0, len(items), {BATCH}):
    part = items[start : start + {BATCH}]
    flat = run_programs([source for sources in part for source in sources])
    if any(outcome.status == "killed" for outcome in flat):
        flat = [outcome for sources in part for outcome in run_programs(sources)]
    place = 0
    for sources in part:
        found = flat[place : place + len(sources)]
        place += len(sources)
        print(json.dumps([o.printed if o.status == "ok" else [o.detail] for o in found]))
    sys.stdout.flush()
"""


@dataclass(frozen=True)
class Python:
    """An interpreter: its path and its version, as in ``3.12.1``."""

    path: str
    version: str


@dataclass(frozen=True)
class Verification:
    """What was verified: ``pythons`` as versions, ``bad`` maps an item's id to its fault."""

    questions: int
    pythons: tuple[str, ...]
    hash_seeds: tuple[str, ...]
    bad: dict[str, str]


def find_pythons(named: str | None = None) -> list[Python]:
    """The running interpreter and every other supported one: of ``named`` (separated as in
    ``PATH``; by default the variable PROCTOR_TEST_PYTHONS) and on the path."""
    places = os.environ.get(PYTHONS_VARIABLE, "") if named is None else named
    onpath = [shutil.which(f"python{version}") for version in SUPPORTED]
    found: dict[str, Python] = {}
    for path in [sys.executable, *places.split(os.pathsep), *onpath]:
        version = _version(path) if path else None
        if path and version and version.rpartition(".")[0] in SUPPORTED:
            found.setdefault(version, Python(path, version))
    return sorted(found.values(), key=lambda python: python.version)


def _version(path: str) -> str | None:
    show = "import sys; print(*sys.version_info[:3], sep='.')"
    try:
        done = subprocess.run(  # noqa: S603  # an interpreter that the user named
            [path, "-I", "-S", "-c", show], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def load_splits(folder: Path) -> dict[str, list[Question]]:
    """The questions of a bank, by split. Raises ``BadInput`` when ``folder`` is no bank."""
    if not folder.exists():
        raise BadInput(
            f"{folder} is no bank: there is no such folder.",
            mend="`proctor questions build` makes one.",
        )
    files = {split: folder / f"{split}.jsonl" for split in SPLITS}
    if not folder.is_dir() or not all(file.is_file() for file in files.values()):
        raise BadInput(f"{folder} is no bank.", mend="`proctor questions build` makes one.")
    # A small bank may have no question in a split.
    return {
        split: load_questions(file) if file.stat().st_size else [] for split, file in files.items()
    }


def _with_proofs(folder: Path) -> list[Question]:
    questions = [question for part in load_splits(folder).values() for question in part]
    for question in questions:
        if question.proof is None or question.gold is None or question.kind is None:
            raise BadInput(
                f"{folder}: question {question.id} has no kind, answer or proof.",
                mend="Only banks of `proctor questions build` can be verified.",
            )
    return questions


def verify_bank(
    folder: Path,
    out: Path | None = None,
    *,
    pythons: Sequence[Python] | None = None,
    hash_seeds: Sequence[str] = HASH_SEEDS,
    progress: Callable[[int], None] = lambda _done: None,
) -> Verification:
    """Verify every item of the bank in ``folder`` and write a row an item to ``out`` (by
    default ``verification.jsonl`` in the folder): id, versions, hash seeds, ok, reason.

    ``progress`` hears how many of the runs (interpreter times hash seed) are done. Raises
    ``BadInput`` when there is no bank or ``out`` cannot be written, ``ProofBroken`` for a bad
    item, after writing.
    """
    questions = _with_proofs(folder)
    out = out or folder / VERIFICATION
    check_out(out)
    pythons = find_pythons() if pythons is None else list(pythons)
    runs = [(python, seed) for python in pythons for seed in hash_seeds]
    items = json.dumps([question.proof.sources for question in questions if question.proof])
    bad: dict[str, str] = {}
    for question in questions:
        fault = _statement_fault(question)
        if fault:
            bad[question.id] = fault
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        results = pool.map(lambda run: _run(run[0], run[1], items), runs)
        for done, ((python, seed), printed) in enumerate(zip(runs, results, strict=True), start=1):
            _compare(questions, printed, f"Python {python.version}, hash seed {seed}", bad)
            progress(done)
    versions = tuple(python.version for python in pythons)
    _write(out, questions, versions, tuple(hash_seeds), bad)
    if bad:
        identity, reason = next(iter(bad.items()))
        raise ProofBroken(folder, identity, reason, len(bad))
    return Verification(len(questions), versions, tuple(hash_seeds), bad)


def _statement_fault(question: Question) -> str | None:
    proof, gold = question.proof, question.gold
    if proof is None or gold is None:
        return "there is no proof"
    return fault_of(
        question.kind or "",
        question.code or "",
        question.choices,
        gold,
        proof.sources,
        proof.printed,
    )


def _run(python: Python, hash_seed: str, items: str) -> list[list[Any]]:
    """What every program printed; ``[reason]`` in place of a text for one that failed."""
    done = subprocess.run(  # noqa: S603  # our own runner in a supported interpreter
        # Not -I: it would ignore PYTHONHASHSEED. No site-packages, nothing of this folder.
        [python.path, "-s", "-S", "-P", "-c", RUNNER],
        input=items,
        env={"PYTHONHASHSEED": hash_seed, "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BadInput(
            f"Python {python.version} at {python.path} could not run the proofs:"
            f" {done.stderr.strip()[-500:]}",
            mend="Leave it out of PROCTOR_TEST_PYTHONS and PATH.",
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _compare(
    questions: Sequence[Question], printed: list[list[Any]], where: str, bad: dict[str, str]
) -> None:
    for question, texts in zip(questions, printed, strict=True):
        wanted = question.proof.printed if question.proof else ()
        for letter, said, found in zip("ABCDEFGHIJ", wanted, texts, strict=False):
            if said != found:
                what = f"failed ({found[0]})" if isinstance(found, list) else f"printed {found!r}"
                bad.setdefault(
                    question.id,
                    f"the program of choice {letter} {what} instead of {said!r} on {where}",
                )
                break


def _write(
    out: Path,
    questions: Sequence[Question],
    versions: tuple[str, ...],
    hash_seeds: tuple[str, ...],
    bad: dict[str, str],
) -> None:
    rows = []
    for question in questions:
        row: dict[str, Any] = {
            "id": question.id,
            "pythons": list(versions),
            "hash_seeds": list(hash_seeds),
            "ok": question.id not in bad,
        }
        if question.id in bad:
            row["reason"] = bad[question.id]
        rows.append(canonical_json(row) + "\n")
    with out_faults(out):
        write_atomically(out, "".join(rows))
