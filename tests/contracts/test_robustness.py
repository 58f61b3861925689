from __future__ import annotations

import pytest
from pydantic import ValidationError

from contracts.robustness import SECTIONS, RobustnessReport

NONE = dict.fromkeys(SECTIONS, "nothing was scored")


def test_every_gap_is_explained_and_nothing_else_is() -> None:
    empty = RobustnessReport(scored_count=0, unscored_count=3, seed=1, missing=NONE)
    assert RobustnessReport.model_validate_json(empty.model_dump_json()) == empty
    without = {name: why for name, why in NONE.items() if name != "orders"}
    with pytest.raises(ValidationError, match="orders"):
        RobustnessReport(scored_count=0, unscored_count=3, seed=1, missing=without)
    with pytest.raises(ValidationError, match="tie_ratio"):
        RobustnessReport(scored_count=1, unscored_count=0, seed=1, tie_ratio=0.5, missing=NONE)


def test_the_sections_are_all_that_can_be_none() -> None:
    optional = {
        name for name, field in RobustnessReport.model_fields.items() if not field.is_required()
    }
    assert optional == set(SECTIONS)
