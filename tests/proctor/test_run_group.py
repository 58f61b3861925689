from __future__ import annotations

import pytest

from contracts.errors import BadInput
from contracts.run_group import RunGroup
from proctor.run_group import group_environment, read_run_group


def test_nothing_set_is_no_group() -> None:
    assert read_run_group({}) == RunGroup()
    assert read_run_group({"PROCTOR_GROUP": "", "DVC_EXP_NAME": ""}) == RunGroup()
    assert group_environment(RunGroup()) == {}


def test_what_a_sweep_sets_is_what_its_stages_read() -> None:
    group = RunGroup(group="seeds", parent_run_id="a" * 32)
    environment = {**group_environment(group), "DVC_EXP_NAME": "brave-otter"}
    expected = group.model_copy(update={"dvc_experiment": "brave-otter"})
    assert read_run_group(environment) == expected


def test_a_parent_that_is_no_run_is_told() -> None:
    with pytest.raises(BadInput, match="PROCTOR_PARENT_RUN_ID='seven'"):
        read_run_group({"PROCTOR_PARENT_RUN_ID": "seven"})
