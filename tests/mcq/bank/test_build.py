"""The bank: the same bytes everywhere, true golds, honest distractors, clean splits."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.questions import Question
from mcq.bank.build import SPLITS, Bank, Plan, build_bank
from mcq.bank.choosing import CHOICES
from mcq.bank.contamination import all_sources, grams_of, overlap
from mcq.bank.families import DIFFICULTIES, FAMILIES
from mcq.bank.kinds import KINDS, STEMS, families_of
from mcq.bank.program import program_hash
from mcq.bank.statements import fault_of
from mcq.verify import find_pythons
from mcq.write import manifest_of

ROOT = Path(__file__).parents[3]
COUNT, SEED = 480, 11
# Of the bank of COUNT and SEED, as Python 3.11.7, 3.12.1 and 3.13.0 made it. Whoever changes
# the bank on purpose writes the new one here, after a run on all three (PROCTOR_TEST_PYTHONS).
GOLDEN = "44c0ec8b866c49ce3a839d9b03ed8b4415c593da378cfa4636255f3c068680a9"

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


# ------------------------------------------------------------------ the same bytes


def test_neither_workers_nor_the_hash_seed_change_a_byte(bank: Bank) -> None:
    assert {rebuilt(sys.executable, "0"), rebuilt(sys.executable, "4711")} == {digest(bank)}


def test_this_python_gives_the_bytes_that_every_other_gave(bank: Bank) -> None:
    """Where only one Python is installed, none can be held against another here."""
    assert digest(bank) == GOLDEN


def test_every_supported_python_gives_the_same_bytes(bank: Bank) -> None:
    running = ".".join(map(str, sys.version_info[:3]))
    # Beside the running one's, those on the path and those named in PROCTOR_TEST_PYTHONS.
    beside = Path(sys.base_prefix).parent.glob("*3.1[1-3]*/bin/python3.1[1-3]")
    named = [os.environ.get("PROCTOR_TEST_PYTHONS", ""), *map(str, sorted(beside))]
    pythons = {
        python.version.rpartition(".")[0]: python.path
        for python in find_pythons(os.pathsep.join(named))
        if python.version != running
    }
    if not pythons:
        pytest.skip("no other supported Python here; name some in PROCTOR_TEST_PYTHONS")
    assert {version: rebuilt(python, "random") for version, python in pythons.items()} == (
        dict.fromkeys(pythons, digest(bank))
    )


def test_another_seed_gives_another_bank(bank: Bank, other_bank: Bank) -> None:
    ids = {row["id"] for split in SPLITS for row in bank.rows[split]}
    assert sum(row["id"] in ids for row in other_bank.rows["train"]) < COUNT // 20


def test_a_larger_bank_only_adds_programs(bank: Bank) -> None:
    smaller = build_bank(120, SEED, workers=1)
    assert bank.held_out_twins == smaller.held_out_twins == 0
    for split in SPLITS:
        codes = [row["code"] for row in smaller.rows[split]]
        assert codes == [row["code"] for row in bank.rows[split]][: len(codes)]


def test_a_bank_of_one_kind_has_the_same_items_as_a_bank_of_all(bank: Bank) -> None:
    """An item depends on its kind, family, difficulty and turn, not on its neighbours."""
    alone = build_bank(100, SEED, kinds=["output"], workers=1)
    for split in SPLITS:
        codes = [row["code"] for row in bank.rows[split] if row["kind"] == "output"]
        ours = [row["code"] for row in alone.rows[split]]
        shared = min(len(codes), len(ours))
        assert codes[:shared] == ours[:shared]
        assert all(row["kind"] == "output" for row in alone.rows[split])


def test_chosen_families_take_turns_alone() -> None:
    made = build_bank(24, SEED, kinds=["output"], families=["slicing", "sets"], workers=1)
    families = Counter(row["family"] for split in SPLITS for row in made.rows[split])
    assert families == {"slicing": 12, "sets": 12}


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"kinds": ("essay",)}, "there is no kind 'essay'"),
        ({"kinds": ("line", "line")}, "named twice"),
        ({"kinds": ()}, "at least one kind"),
        ({"families": ()}, "at least one kind and one family"),
        ({"families": ("poems",)}, "there is no family 'poems'"),
        ({"families": ("sets",)}, "none of the chosen families has questions of kind 'input'"),
    ],
)
def test_a_plan_of_what_there_is_not_is_refused(plan: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Plan(SEED, **plan)


def test_progress_is_told_and_the_count_is_exact(bank: Bank) -> None:
    heard: list[int] = []
    made = build_bank(110, SEED, kinds=["output"], workers=2, progress=heard.append)
    assert (made.count, heard) == (110, [100])
    assert bank.count == COUNT
    assert bank.drawn == bank.count + bank.twins + bank.held_out_twins


def test_a_bank_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        build_bank(0, SEED)


# ------------------------------------------------------------------ golds and proofs


def of_kind(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["kind"] == kind]


def printed_by(sources: list[str]) -> list[str | None]:
    """What each program prints in one interpreter that shares nothing with the bank;
    ``None`` for one that fails an assertion."""
    runner = (
        "import contextlib, io, json, sys\n"
        "for source in json.load(sys.stdin):\n"
        "    out = io.StringIO()\n"
        "    try:\n"
        "        with contextlib.redirect_stdout(out): exec(source, {})\n"
        "    except AssertionError:\n"
        "        print('null')\n"
        "    else:\n"
        "        print(json.dumps(out.getvalue()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", runner],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [text if text is None else text.removesuffix("\n") for text in found]


def test_every_program_of_every_proof_prints_what_it_says(rows: list[dict[str, Any]]) -> None:
    sources = [source for row in rows for source in row["proof"]["sources"]]
    assert printed_by(sources) == [text for row in rows for text in row["proof"]["printed"]]


def test_what_a_question_says_follows_from_its_proof(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        proof = row["proof"]
        gold = "ABCD".index(row["answer"])
        fault = fault_of(
            row["kind"], row["code"], row["choices"], gold, proof["sources"], proof["printed"]
        )
        assert fault is None, (row["code"], fault)
        assert proof["program"][:16] == row["id"]
        assert row["stem"] == STEMS[row["kind"]]


def test_the_gold_of_an_output_question_is_what_its_code_prints(
    rows: list[dict[str, Any]],
) -> None:
    ours = of_kind(rows, "output")
    golds = [row["choices"]["ABCD".index(row["answer"])] for row in ours]
    assert printed_by([row["code"] for row in ours]) == golds


def test_exactly_one_call_gives_the_value(rows: list[dict[str, Any]]) -> None:
    for row in of_kind(rows, "input")[:40]:
        value = row["code"].rpartition("# ")[2]
        calls = [f"{row['code']}\nprint(repr({choice}))" for choice in row["choices"]]
        right = [text == value for text in printed_by(calls)]
        assert right == [letter == row["answer"] for letter in "ABCD"]


def test_a_wrong_line_is_wrong_and_its_repair_is_in_the_proof(rows: list[dict[str, Any]]) -> None:
    ours = of_kind(rows, "line")
    for row, shown in zip(ours, printed_by([row["code"] for row in ours]), strict=True):
        assert shown != row["code"].rpartition("# ")[2]
        assert len(set(row["choices"])) == CHOICES


def test_the_tests_fail_before_and_pass_after_the_right_patch_alone(
    rows: list[dict[str, Any]],
) -> None:
    for row in of_kind(rows, "patch")[:40]:
        lines = row["code"].split("\n")
        (at,) = (place for place, line in enumerate(lines) if line.endswith("# this line"))
        indent = lines[at][: -len(lines[at].lstrip())]
        patched = ["\n".join([*lines[:at], indent + c, *lines[at + 1 :]]) for c in row["choices"]]
        before, *after = printed_by([row["code"], *patched])
        assert before is None
        assert [text is not None for text in after] == [x == row["answer"] for x in "ABCD"]


def test_labels_stand_at_the_wrong_choices(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        labels = dict(zip("ABCD", row["misconceptions"], strict=True))
        assert labels.pop(row["answer"]) is None
        assert all(labels.values())


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def test_choices_differ_as_text_and_value_and_are_of_one_type_and_length(
    rows: list[dict[str, Any]],
) -> None:
    for row in of_kind(rows, "output"):
        choices = row["choices"]
        assert len({choice.strip() for choice in choices}) == CHOICES
        values = [_value(choice) for choice in choices]
        assert all(one != two for at, one in enumerate(values) for two in values[:at])
        assert len({type(value) for value in values}) == 1, choices
        shortest, longest = min(map(len, choices)), max(map(len, choices))
        assert longest - shortest <= max(3, shortest // 2)


# ------------------------------------------------------------------ balance and splits


def test_gold_letters_are_balanced_in_every_split(bank: Bank) -> None:
    for split in SPLITS:
        letters = Counter(row["answer"] for row in bank.rows[split])
        counts = [letters[letter] for letter in "ABCD"]
        assert max(counts) - min(counts) <= 1


def programs(rows: list[dict[str, Any]]) -> list[str]:
    return [
        program_hash(source)
        for row in rows
        if row["kind"] != "patch"  # a patch's proof holds its tests, which tell the gold
        for source in row["proof"]["sources"]
    ]


def test_no_program_of_any_choice_stands_in_two_questions(bank: Bank) -> None:
    found = [one for split in SPLITS for one in programs(bank.rows[split])]
    assert len(set(found)) == len(found)
    ids = [row["id"] for split in SPLITS for row in bank.rows[split]]
    assert len(set(ids)) == COUNT


def test_no_program_is_in_another_split_of_another_bank(bank: Bank, other_bank: Bank) -> None:
    places = {one: split for split in SPLITS for one in programs(bank.rows[split])}
    for split in SPLITS:
        assert all(places.get(one, split) == split for one in programs(other_bank.rows[split]))
    shares = {split: len(bank.rows[split]) / COUNT for split in SPLITS}
    assert 0.05 < shares["test"] < 0.16
    assert 0.01 < shares["validation"] < 0.1


def test_no_held_out_question_is_a_twin_of_training(bank: Bank) -> None:
    held_out = [[row["code"]] for split in SPLITS[1:] for row in bank.rows[split]]
    training = [row["proof"]["sources"] for row in bank.rows["train"]]
    assert overlap(held_out, all_sources(training)).twins == ()


def test_the_share_with_any_overlap_is_counted_beside_the_twins(bank: Bank) -> None:
    """No twin is of the stricter kind: most short programs share some 13-gram with another."""
    questions = {split: bank.rows[split] for split in SPLITS}
    known = {gram for row in questions["train"] for gram in grams_of(row["code"])}
    held_out = [row for split in SPLITS[1:] for row in questions[split]]
    touched = sum(not known.isdisjoint(grams_of(row["code"])) for row in held_out)
    assert bank.touched_share == touched / len(held_out)
    assert 0.3 < bank.touched_share < 1.0
    assert manifest_of(bank)["held_out_touched_share"] == round(bank.touched_share, 4)


def test_kinds_families_and_difficulties_take_turns(rows: list[dict[str, Any]]) -> None:
    assert len(FAMILIES) >= 15
    assert DIFFICULTIES == ("easy", "medium", "hard")
    assert Counter(row["kind"] for row in rows) == dict.fromkeys(KINDS, COUNT // len(KINDS))
    for kind in KINDS:
        counts = Counter((row["family"], row["difficulty"]) for row in of_kind(rows, kind))
        assert set(counts) == {(f, level) for f in families_of(kind) for level in DIFFICULTIES}
        assert max(counts.values()) - min(counts.values()) <= 3


def test_every_row_is_a_question(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        question = Question.model_validate(row)
        assert question.gold is not None
        assert question.code == row["code"]
