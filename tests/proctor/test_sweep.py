"""What a sweep is before anything runs; ``tests/system/test_dvc.py`` runs one."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import BadInput, BadParams
from evaluation.sweep_run import SweepRow, sweep_metrics
from proctor.sweep import parse_axes, plan

ROOT = Path(__file__).parents[2]
PARAMS = ROOT / "params.yaml"


def test_axes_are_read_as_typed() -> None:
    found = parse_axes(["train.seed=1, 2,3", "train.profile=nano"])
    assert found == {"train.seed": ["1", "2", "3"], "train.profile": ["nano"]}


@pytest.mark.parametrize("word", ["train.seed", "=1", "train.seed=", "train.seed=1,,2", "a=1,1"])
def test_an_axis_that_says_nothing_or_twice_the_same_is_refused(word: str) -> None:
    with pytest.raises(BadInput, match="no setting with different values"):
        parse_axes([word])


def test_an_axis_given_twice_is_refused() -> None:
    with pytest.raises(BadInput):
        parse_axes(["train.seed=1", "train.seed=2"])


def test_every_combination_is_an_experiment_with_a_name_of_its_own() -> None:
    axes = {"train.profile": ["nano", "qwen2.5-coder-0.5b-instruct"], "train.seed": ["1", "2"]}
    found = plan("grid", axes, PARAMS)
    assert [one.name for one in found] == [
        "grid-profile-nano-seed-1",
        "grid-profile-nano-seed-2",
        "grid-profile-qwen2.5_coder_0.5b_instruct-seed-1",
        "grid-profile-qwen2.5_coder_0.5b_instruct-seed-2",
    ]
    assert found[3].settings == {
        "train.profile": "qwen2.5-coder-0.5b-instruct",
        "train.seed": "2",
    }


@pytest.mark.parametrize("name", ["", "a b", "-x", "a/b", "x" * 41, "a.lock"])
def test_a_name_that_git_could_not_keep_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no name of a sweep"):
        plan(name, {"train.seed": ["1"]}, PARAMS)


def test_two_values_that_would_share_a_name_are_refused() -> None:
    with pytest.raises(BadInput, match="two experiments"):
        plan("grid", {"experiment": ["a b", "a/b"]}, PARAMS)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("train.sed", "1", "train.sed: there is no such key"),
        ("train.seed.deeper", "1", "there is no such key"),
        ("train.seed", "-1", "train.seed"),
        ("train.seed", "one", "train.seed"),
        ("train.profile", "nobody", "not among profiles"),
    ],
)
def test_a_combination_that_params_may_not_say_is_refused_before_anything_runs(
    key: str, value: str, words: str
) -> None:
    with pytest.raises(BadParams, match=words):
        plan("grid", {key: [value]}, PARAMS)


@pytest.mark.parametrize("value", ["[", "]", "{a", "!!python/x", "2024-13-45", "[" * 5_000])
def test_a_value_that_is_not_yaml_is_refused_by_its_flag(value: str) -> None:
    with pytest.raises(BadInput, match=r"--set train\.seed: .* is not YAML") as caught:
        plan("grid", parse_axes([f"train.seed={value}"]), PARAMS)
    assert "\n" not in str(caught.value)


def test_a_list_is_one_value() -> None:
    axes = parse_axes(["finetune.lora.targets=[q_proj,v_proj], [q_proj]"])
    assert axes == {"finetune.lora.targets": ["[q_proj,v_proj]", "[q_proj]"]}
    assert [one.name for one in plan("grid", axes, PARAMS)] == [
        "grid-targets-q_proj_v_proj",
        "grid-targets-q_proj",
    ]


@pytest.mark.parametrize(
    ("content", "words"), [("a: [", "not YAML"), ("[]", "file: "), (None, "there is no such file")]
)
def test_a_params_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "params.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadParams, match=words):
        plan("grid", {"train.seed": ["1"]}, path)


def row(accuracy: float | None) -> SweepRow:
    return SweepRow(experiment="x", settings={}, accuracy_ratio=accuracy)


def test_a_sweep_is_summed_up_without_what_failed() -> None:
    found = sweep_metrics([row(0.25), row(None), row(0.75)])
    assert found == {
        "experiments": 3.0,
        "accuracy_mean_ratio": 0.5,
        "accuracy_best_ratio": 0.75,
        "accuracy_spread_ratio": 0.5,
    }
    assert sweep_metrics([row(None)]) == {"experiments": 1.0}
