from __future__ import annotations

import pytest
from pydantic import ValidationError

from contracts.run_group import RunGroup


def test_a_run_alone_has_no_tags_and_keeps_its_name() -> None:
    assert RunGroup().tags() == {}
    assert RunGroup().named("train nano") == "train nano"


def test_only_what_is_known_is_tagged() -> None:
    assert RunGroup(dvc_experiment="brave-otter").tags() == {"dvc_experiment": "brave-otter"}
    whole = RunGroup(group="seeds", parent_run_id="a" * 32, dvc_experiment="brave-otter")
    assert whole.tags() == {
        "group": "seeds",
        "mlflow.parentRunId": "a" * 32,
        "dvc_experiment": "brave-otter",
    }
    assert whole.named("train nano") == "train nano (brave-otter)"


@pytest.mark.parametrize("run_id", ["", "seeds", "A" * 32, "a" * 31])
def test_a_parent_is_a_run(run_id: str) -> None:
    with pytest.raises(ValidationError):
        RunGroup(parent_run_id=run_id)
