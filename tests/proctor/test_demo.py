from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from contracts.errors import Refused
from proctor.demo import Demo, Sizes, with_setting

SIZES = Sizes(questions=1_000, short_steps=1, long_steps=2, minimum_accuracy=0.1)


def test_a_folder_that_is_no_demonstration_is_left_alone(tmp_path: Path) -> None:
    """A checkout of somebody's looks just like a demonstration's clone."""
    mine = tmp_path / "dvc.yaml"
    mine.write_text("stages: {}")
    with pytest.raises(Refused, match="no demonstration"):
        Demo(tmp_path, SIZES).run()
    assert mine.read_text() == "stages: {}"


def test_one_setting_of_a_section_is_changed_and_nothing_else() -> None:
    """The file as it stands: other sections have a key of the same name."""
    path = Path(__file__).parents[2] / "params.yaml"
    text = path.read_text(encoding="utf-8")
    before = yaml.safe_load(text)
    assert before["finetune"]["steps"] != 77
    changed = with_setting(text, "train", "steps", 77)
    after = yaml.safe_load(changed)
    assert after["train"].pop("steps") == 77
    assert before["train"].pop("steps") != 77
    assert after == before
    same = [line for line in changed.splitlines() if line in text.splitlines()]
    assert len(same) == len(text.splitlines()) - 1


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("train:\n  seed: 1\nfinetune:\n  steps: 2\n", 0),
        ("finetune:\n  steps: 2\n", 0),
        ("train:\n  steps: 1\n  # again\n\n  steps: 2\n", 2),
    ],
)
def test_a_setting_that_is_not_there_once_is_refused(text: str, times: int) -> None:
    with pytest.raises(Refused, match=f"{times} lines for train.steps"):
        with_setting(text, "train", "steps", 3)
