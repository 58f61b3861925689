from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import Refused
from proctor.demo import Demo, Sizes

SIZES = Sizes(questions=1_000, short_steps=1, long_steps=2, minimum_accuracy=0.1)


def test_a_folder_that_is_no_demonstration_is_left_alone(tmp_path: Path) -> None:
    """A checkout of somebody's looks just like a demonstration's clone."""
    mine = tmp_path / "dvc.yaml"
    mine.write_text("stages: {}")
    with pytest.raises(Refused, match="no demonstration"):
        Demo(tmp_path, SIZES).run()
    assert mine.read_text() == "stages: {}"
