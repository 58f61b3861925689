"""params.yaml is refused by file, key and reason; the one in the repository is good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.digests import digest_of_bytes
from contracts.errors import BadInput, BadParams
from proctor.params import EvaluateOptions, chosen_profile, load_params, with_options

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


# --------------------------------------------------------------- what the pipeline depends on


def reasoned(path: Path, *changes: tuple[str, str]) -> dict[str, Any]:
    """The chosen profile of a file that takes reasoned replies from ``path``."""
    text = TEXT
    for found, replaced in (
        ("profile: nano", "profile: smollm2-135m"),
        ("replies: answer", f"replies: reasoned\n  replies_file: {path}"),
        *changes,
    ):
        assert text.count(found) >= 1
        text = text.replace(found, replaced, 1)
    file = path.with_name("params.yaml")
    file.write_text(text, encoding="utf-8")
    return chosen_profile(load_params(file))


def test_edited_replies_are_another_training(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_bytes(b'{"question": "q1"}\n')
    first = reasoned(path)
    assert first["replies"] == digest_of_bytes(b'{"question": "q1"}\n')
    path.write_bytes(b'{"question": "q2"}\n')
    second = reasoned(path)
    assert second == {**first, "replies": digest_of_bytes(b'{"question": "q2"}\n')}


def test_replies_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"replies\.jsonl: there is no such file") as caught:
        reasoned(tmp_path / "replies.jsonl")
    assert "finetune.replies_file" in caught.value.mend


@pytest.mark.parametrize(
    "change",
    [
        ("profile: smollm2-135m", "profile: nano"),
        ("replies: reasoned", "replies: answer"),
        ("method: lora", "method: none"),
    ],
)
def test_replies_that_are_not_learned_are_not_looked_at(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    assert reasoned(tmp_path / "away.jsonl", change)["replies"] is None


# ---------------------------------------------------- options in place of the file's


def test_what_an_option_says_takes_the_place_of_the_file_s_and_nothing_else_does() -> None:
    params = load_params(ROOT / "params.yaml")
    assert with_options(params, EvaluateOptions()) == params
    found = with_options(params, EvaluateOptions("mmlu-cs@1", 60, "single", "bf16", "auto"))
    asked = found.evaluate
    assert (asked.suite, asked.max_questions, asked.orders) == ("mmlu-cs@1", 60, "single")
    assert (asked.precision, asked.device) == ("bf16", "auto")
    assert asked.batch_tokens == params.evaluate.batch_tokens
    assert found.model_copy(update={"evaluate": params.evaluate}) == params


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (EvaluateOptions(suite="No Suite"), "--suite: String should match pattern"),
        (EvaluateOptions(max_questions=0), "--max-questions: Input should be greater than"),
    ],
)
def test_a_bad_option_is_refused_by_its_name(options: EvaluateOptions, reason: str) -> None:
    with pytest.raises(BadParams, match=reason) as caught:
        with_options(load_params(ROOT / "params.yaml"), options)
    assert "params --schema" not in caught.value.mend
