"""The bank: the same bytes everywhere, true golds, honest distractors, clean splits."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import Question
from mcq.bank.build import CHOICES, SPLITS, Bank, build_bank, choose_distractors, draw_item
from mcq.bank.execution import Outcome
from mcq.bank.families import DIFFICULTIES, FAMILIES
from mcq.bank.program import program_hash

ROOT = Path(__file__).parents[3]
COUNT, SEED = 192, 11

REBUILD = f"""
import hashlib, json
from mcq.bank.build import build_bank
if __name__ == "__main__":
    rows = build_bank({COUNT}, {SEED}, workers=1).rows
    print(hashlib.sha256(json.dumps(rows).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def bank() -> Bank:
    return build_bank(COUNT, SEED, workers=2)


@pytest.fixture(scope="module")
def other_bank() -> Bank:
    """Of another seed."""
    return build_bank(COUNT, SEED + 1, workers=2)


@pytest.fixture(scope="module")
def rows(bank: Bank) -> list[dict[str, Any]]:
    return [row for split in SPLITS for row in bank.rows[split]]


def digest(bank: Bank) -> str:
    return hashlib.sha256(json.dumps(bank.rows).encode()).hexdigest()


def rebuilt(python: str, hash_seed: str) -> str:
    done = subprocess.run(
        [python, "-c", REBUILD],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout.strip()


def _supported(python: str) -> str | None:
    """``3.11`` to ``3.13`` when ``python`` runs and is one of them."""
    show = "import sys; print(*sys.version_info[:2], sep='.')"
    try:
        done = subprocess.run(
            [python, "-c", show], capture_output=True, text=True, timeout=30, check=False
        )
    except OSError:
        return None
    version = done.stdout.strip()
    return version if version in {"3.11", "3.12", "3.13"} else None


def other_pythons() -> dict[str, str]:
    """Supported interpreters by version: on the path, beside the running one, or named in
    PROCTOR_TEST_PYTHONS; never the running version itself."""
    named = os.environ.get("PROCTOR_TEST_PYTHONS", "").split(os.pathsep)
    beside = Path(sys.base_prefix).parent.glob("*3.1[1-3]*/bin/python3.1[1-3]")
    onpath = [shutil.which(f"python3.{minor}") for minor in (11, 12, 13)]
    found: dict[str, str] = {}
    for python in [*named, *map(str, sorted(beside)), *onpath]:
        version = _supported(python) if python else None
        if python and version:
            found.setdefault(version, python)
    found.pop(f"{sys.version_info.major}.{sys.version_info.minor}", None)
    return found


# ------------------------------------------------------------------ the same bytes


def test_neither_workers_nor_the_hash_seed_change_a_byte(bank: Bank) -> None:
    assert {rebuilt(sys.executable, "0"), rebuilt(sys.executable, "4711")} == {digest(bank)}


def test_every_supported_python_gives_the_same_bytes(bank: Bank) -> None:
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no other supported Python here; name some in PROCTOR_TEST_PYTHONS")
    assert {version: rebuilt(python, "random") for version, python in pythons.items()} == (
        dict.fromkeys(pythons, digest(bank))
    )


def test_another_seed_gives_another_bank(bank: Bank, other_bank: Bank) -> None:
    ids = {row["id"] for split in SPLITS for row in bank.rows[split]}
    assert sum(row["id"] in ids for row in other_bank.rows["train"]) < COUNT // 20


def test_a_larger_bank_only_adds_programs(bank: Bank) -> None:
    smaller = build_bank(48, SEED, workers=1)
    for split in SPLITS:
        codes = [row["code"] for row in smaller.rows[split]]
        assert codes == [row["code"] for row in bank.rows[split]][: len(codes)]


def test_progress_is_told_and_the_count_is_exact(bank: Bank) -> None:
    heard: list[int] = []
    assert build_bank(210, SEED, workers=2, progress=heard.append).count == 210
    assert heard == [200]
    assert bank.count == COUNT
    assert bank.drawn == bank.count + bank.twins


def test_a_bank_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        build_bank(0, SEED)


# ------------------------------------------------------------------ golds and proofs


def test_the_gold_is_what_a_fresh_interpreter_prints(rows: list[dict[str, Any]]) -> None:
    sample = {(row["family"], row["difficulty"]): row for row in rows}
    assert len(sample) == len(FAMILIES) * len(DIFFICULTIES)
    for row in sample.values():
        gold = row["choices"]["ABCD".index(row["answer"])]
        done = subprocess.run(
            [sys.executable, "-I", "-c", row["code"]], capture_output=True, text=True, check=True
        )
        assert done.stdout == gold + "\n", row["code"]


def test_every_choice_is_what_its_proof_prints(rows: list[dict[str, Any]]) -> None:
    """All programs of all proofs, in one interpreter that shares nothing with the bank."""
    runner = (
        "import contextlib, io, json, sys\n"
        "for source in json.load(sys.stdin):\n"
        "    out = io.StringIO()\n"
        "    with contextlib.redirect_stdout(out): exec(source, {})\n"
        "    print(json.dumps(out.getvalue()))\n"
    )
    sources = [source for row in rows for source in row["proof"]["sources"]]
    done = subprocess.run(
        [sys.executable, "-I", "-c", runner],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        check=True,
    )
    printed = [json.loads(line).removesuffix("\n") for line in done.stdout.splitlines()]
    assert printed == [choice for row in rows for choice in row["choices"]]
    assert all(row["proof"]["printed"] == row["choices"] for row in rows)


def test_the_proof_of_the_gold_is_the_question_itself(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        place = "ABCD".index(row["answer"])
        assert row["proof"]["sources"][place] == row["code"]
        assert row["proof"]["program"] == program_hash(row["code"])
        assert row["misconceptions"][place] is None
        labels = [label for at, label in enumerate(row["misconceptions"]) if at != place]
        assert all(labels)
        assert len(set(labels)) == len(labels)


def test_a_misreading_is_another_program(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        hashes = [program_hash(source) for source in row["proof"]["sources"]]
        assert len(set(hashes)) == len(hashes)


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def test_choices_differ_as_text_and_as_value_and_are_of_one_type(
    rows: list[dict[str, Any]],
) -> None:
    for row in rows:
        choices = row["choices"]
        assert len(set(choices)) == CHOICES
        values = [_value(choice) for choice in choices]
        assert all(one != two for at, one in enumerate(values) for two in values[:at])
        # What looks like a list or a number is one in every choice. Two words side by
        # side ("True False") are text to literal_eval, and so are bare words.
        assert len({type(value) for value in values}) == 1, choices
        gold = choices["ABCD".index(row["answer"])]
        assert all(abs(len(c) - len(gold)) <= max(3, len(gold) // 2) for c in choices)


# ------------------------------------------------------------------ balance and splits


def test_gold_letters_are_balanced_in_every_split(bank: Bank) -> None:
    for split in SPLITS:
        letters = Counter(row["answer"] for row in bank.rows[split])
        counts = [letters[letter] for letter in "ABCD"]
        assert max(counts) - min(counts) <= 1


def test_no_program_is_in_two_splits_or_twice_in_one(bank: Bank) -> None:
    programs = [program_hash(row["code"]) for split in SPLITS for row in bank.rows[split]]
    assert len(set(programs)) == COUNT
    ids = [row["id"] for split in SPLITS for row in bank.rows[split]]
    assert len(set(ids)) == COUNT


def test_the_split_is_a_function_of_the_program_alone(bank: Bank, other_bank: Bank) -> None:
    places = {row["id"]: split for split in SPLITS for row in bank.rows[split]}
    for split in SPLITS:
        assert all(places.get(row["id"], split) == split for row in other_bank.rows[split])
    shares = {split: len(bank.rows[split]) / COUNT for split in SPLITS}
    assert 0.05 < shares["test"] < 0.16
    assert 0.01 < shares["validation"] < 0.1


def test_families_and_difficulties_take_turns(rows: list[dict[str, Any]]) -> None:
    assert len(FAMILIES) >= 6
    assert DIFFICULTIES == ("easy", "medium", "hard")
    counts = Counter((row["family"], row["difficulty"]) for row in rows)
    assert set(counts) == {(family, level) for family in FAMILIES for level in DIFFICULTIES}
    assert max(counts.values()) - min(counts.values()) <= 10


def test_every_row_is_a_question(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        question = Question.model_validate(row)
        assert question.gold is not None
        assert question.code == row["code"]


# ------------------------------------------------------------------ choosing distractors


def test_distractors_that_give_the_answer_away_are_refused() -> None:
    gold = Outcome("ok", "12", ("int",))
    good = [(f"m{n}", f"print({n})", Outcome("ok", str(n), ("int",))) for n in (13, 14)]
    refused = [
        ("same_text", "print(12)", Outcome("ok", "12", ("int",))),
        ("other_type", "print('15')", Outcome("ok", "15", ("str",))),
        ("two_values", "print(1, 5)", Outcome("ok", "1 5", ("int", "int"))),
        ("same_value", "print(0xC)", Outcome("ok", "0xC", ("int",))),
        ("too_long", "print(1 << 60)", Outcome("ok", str(1 << 60), ("int",))),
        ("raised", "print(1 / 0)", Outcome("raised", "", ())),
        ("silent", "pass", Outcome("ok", "", ("int",))),
        ("twin", "print(13)", Outcome("ok", "13", ("int",))),
    ]
    assert choose_distractors(gold, good + refused, Random(0)) is None
    last = ("m15", "print(15)", Outcome("ok", "15", ("int",)))
    chosen = choose_distractors(gold, [*good, *refused, last], Random(0))
    assert chosen is not None
    assert {label for _, label, _ in chosen} == {"m13", "m14", "m15"}


@given(
    printed=st.lists(st.integers(-50, 50), min_size=0, max_size=12),
    gold=st.integers(-50, 50),
    seed=st.integers(0, 100),
)
def test_chosen_distractors_are_three_different_ones(
    printed: list[int], gold: int, seed: int
) -> None:
    readings = [(f"m{n}", f"print({n})", Outcome("ok", str(n), ("int",))) for n in printed]
    chosen = choose_distractors(Outcome("ok", str(gold), ("int",)), readings, Random(seed))
    others = set(printed) - {gold}
    if len(others) < CHOICES - 1:
        assert chosen is None
    else:
        assert chosen is not None
        texts = {text for text, _, _ in chosen}
        assert len(texts) == CHOICES - 1
        assert texts <= {str(n) for n in others}


def test_an_item_depends_on_seed_and_index_alone() -> None:
    again = subprocess.run(
        [
            sys.executable,
            "-c",
            "from mcq.bank.build import draw_item\ndraw_item(3, 5)\nprint(repr(draw_item(3, 17)))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    code = "from mcq.bank.build import draw_item\nprint(repr(draw_item(3, 17)))"
    alone = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert again.stdout == alone.stdout
    assert draw_item.__module__ == "mcq.bank.build"
