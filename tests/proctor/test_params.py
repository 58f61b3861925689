"""params.yaml is refused by file, key and reason; the one in the repository is good."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import BadParams
from proctor.params import load_params

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("found", "replaced", "reason"),
    [
        ("seed: 7", "sede: 7", "questions.seed: Field required; questions.sede: unknown key."),
        ("batch_questions:", "batch_size:", "train.batch_size: unknown key"),
        ("gate:", "gates:", "gates: unknown key"),
        ("scoring: text", "scoring: luck", "profiles.nano.scoring: Input should be 'text'"),
        (
            "profile: nano",
            "profile: huge",
            "file: train.profile 'huge' is not among profiles: nano",
        ),
        ("hidden_size: 96", "hidden_size: 97", "hidden_size must be a multiple of attention_heads"),
        ("margin: 0.02", "margin: two", "gate.margin: Input should be a valid number"),
        ("margin: 0.02", "margin: 2", "gate.margin: Input should be less than or equal to 1"),
        ("margin: 0.02", "margin: .nan", "gate.margin: Input should be a finite number"),
        ("margin: 0.02", "margin: 0.02\n  margin: 0.9", "the key margin is given twice, in line"),
        ("seed: 7", '"seed": 7\n  seed: 8', "the key seed is given twice"),
        ("seed: 7", "seed: [7", "not YAML"),
        ("seed: 7", "seed: !!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_a_bad_file_is_refused_by_file_key_and_reason(
    tmp_path: Path, found: str, replaced: str, reason: str
) -> None:
    path = tmp_path / "params.yaml"
    assert TEXT.count(found) >= 1
    path.write_text(TEXT.replace(found, replaced, 1), encoding="utf-8")
    with pytest.raises(BadParams) as caught:
        load_params(path)
    assert caught.value.source == str(path)
    assert reason in caught.value.reason
    assert "proctor params" in caught.value.mend


def test_a_key_given_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    text = TEXT.replace("margin: 0.02", "margin: 0.02\n  # a line between\n  margin: 0.9", 1)
    path.write_text(text, encoding="utf-8")
    first = TEXT.partition("  margin: 0.02")[0].count("\n") + 1
    with pytest.raises(BadParams) as caught:
        load_params(path)
    assert caught.value.fact == (
        f"{path}: the key margin is given twice, in line {first} and in line {first + 2}; keep one."
    )


@pytest.mark.parametrize("content", [b"", b"- 1\n", b"3", b"\xff\xfe"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(BadParams):
        load_params(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadParams, match="there is no such file"):
        load_params(tmp_path / "params.yaml")


def test_the_repositorys_own_file_is_good() -> None:
    params = load_params(ROOT / "params.yaml")
    assert params.train.profile in params.profiles
    assert params.gate.minimum_questions <= params.evaluate.max_questions
