from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.digests import digest_of_file
from contracts.errors import BadInput
from contracts.questions import Question
from mcq.bank.build import SPLITS, build_bank
from mcq.bank.kinds import KINDS
from mcq.write import write_bank
from training.data_card import HOW_MADE, STEMS_SHOWN, data_card, render

DIGESTS = {"train": "sha256:t", "validation": "sha256:v"}


def row(**changes: Any) -> dict[str, Any]:
    facts = {"stem": "What?", "answer": "A", "family": "lists", "difficulty": "easy"}
    return {**facts, **changes}


def card(*train: dict[str, Any], manifest: dict[str, Any] | None = None) -> str:
    return render({"train": train, "validation": [row()]}, DIGESTS, manifest or {})


def test_the_card_of_a_bank_tells_recipe_splits_and_digests(tmp_path: Path) -> None:
    manifest = write_bank(build_bank(120, 5, workers=1), tmp_path / "bank")
    text = data_card(tmp_path / "bank")
    assert f"recipe `{manifest['recipe']}`, seed 5, 120 questions" in text
    for split, use in (("train", "learned"), ("validation", "watched"), ("test", "held out")):
        facts = manifest["splits"][split]
        assert f"| {split} | {facts['questions']} | {use} | {facts['digest']} |" in text
        assert facts["digest"] == digest_of_file(tmp_path / "bank" / f"{split}.jsonl")
    for family, levels in manifest["splits"]["train"]["families"].items():
        assert f"| {family} |" in text
        assert sum(levels.values()) > 0


def test_every_kind_of_a_bank_is_described_and_counted(tmp_path: Path) -> None:
    assert set(HOW_MADE) == set(KINDS)
    manifest = write_bank(build_bank(120, 5, workers=1), tmp_path / "bank")
    text = data_card(tmp_path / "bank")
    assert "| kind | train | validation | test | questions |" in text
    for kind in KINDS:
        assert f"- `{kind}`: {HOW_MADE[kind]}" in text
        counts = [manifest["splits"][split]["kinds"].get(kind, 0) for split in SPLITS]
        assert f"| {kind} | {counts[0]} | {counts[1]} | {counts[2]} | 30 |" in text
        assert sum(counts) == 30


def test_a_bank_of_one_kind_says_nothing_of_the_others(tmp_path: Path) -> None:
    write_bank(build_bank(24, 5, kinds=["patch"], workers=1), tmp_path / "bank")
    text = data_card(tmp_path / "bank")
    assert [kind for kind in KINDS if f"- `{kind}`:" in text] == ["patch"]


def test_kinds_of_questions_from_elsewhere_are_counted_and_not_explained() -> None:
    text = card(row(kind="patch"), row(kind="patch"), row())
    assert "| patch | 2 | 0 | 2 |" in text
    assert "- `patch`:" not in text
    assert "The questions name no kind." in card(row())


def test_questions_from_files_have_a_card_without_a_recipe(questions_folder: Path) -> None:
    text = data_card(questions_folder)
    assert "given as files" in text
    assert "held out" not in text


def test_questions_without_a_family_are_told_of() -> None:
    assert "The questions name no family." in card(row(family=None, difficulty=None))


def test_families_are_counted_by_difficulty() -> None:
    text = card(row(), row(difficulty="hard"), row(family="sets", difficulty="hard"))
    assert "| family | easy | hard | questions |" in text
    assert "| lists | 1 | 1 | 2 |" in text
    assert "| sets | 0 | 1 | 1 |" in text


def test_a_stem_stays_in_its_cell_and_many_are_summed_up() -> None:
    stems = [f"line {place} | of\nmany" for place in range(STEMS_SHOWN + 3)]
    text = card(*(row(stem=stem) for stem in stems), row(stem="x" * 500))
    assert "| line 0 \\| of many | 1 |" in text
    assert "| 4 other stems | 4 |" in text
    assert "x" * 81 not in text


def test_a_manifest_that_is_none_is_told(questions_folder: Path, tmp_path: Path) -> None:
    for name in ("train", "validation"):
        data = (questions_folder / f"{name}.jsonl").read_bytes()
        (tmp_path / f"{name}.jsonl").write_bytes(data)
    for text in ("[1]", "{", json.dumps({"splits": 3})):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(BadInput, match="no manifest"):
            data_card(tmp_path)


def test_a_line_separator_inside_a_question_ends_no_line(tmp_path: Path) -> None:
    question = Question(id="1", stem="a\u2028b", choices=("x", "y"), answer="A")
    for name in ("train", "validation"):
        text = json.dumps(question.model_dump(mode="json"), ensure_ascii=False) + "\n"
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    assert "| train | 1 |" in data_card(tmp_path)
