from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from contracts.errors import Refused
from proctor.demo import MARK, Demo, Sizes, with_key
from proctor.params import load_params
from proctor.processes import ProcessId

ROOT = Path(__file__).parents[2]
SIZES = Sizes(questions=1_000, short_steps=1, long_steps=2, minimum_accuracy=0.1)


def test_a_folder_that_is_no_demonstration_is_left_alone(tmp_path: Path) -> None:
    """A checkout of somebody's looks just like a demonstration's clone."""
    mine = tmp_path / "dvc.yaml"
    mine.write_text("stages: {}")
    with pytest.raises(Refused, match="no demonstration"):
        Demo(tmp_path, SIZES).run()
    assert mine.read_text() == "stages: {}"


def test_a_command_that_goes_on_alone_is_ended_before_its_folder_is_removed(
    tmp_path: Path,
) -> None:
    """As after a demonstration that was killed outright while it trained."""
    work = tmp_path / "work"
    (work / MARK).parent.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    ) as orphan:
        began = psutil.Process(orphan.pid).create_time()
        mark = ProcessId(pid=orphan.pid, began=began)
        (work / MARK).write_text(mark.model_dump_json())
        Demo(work, SIZES)._clear()
        assert not mark.is_alive()
    assert not work.exists()


def test_one_key_of_one_section_is_changed_and_nothing_else(tmp_path: Path) -> None:
    text = before = (ROOT / "params.yaml").read_text(encoding="utf-8")
    for key, value in (("questions.count", 999), ("train.steps", 3), ("gate.margin", 0.5)):
        text = with_key(text, key, value)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    there, here = load_params(ROOT / "params.yaml"), load_params(tmp_path / "params.yaml")
    assert (here.questions.count, here.train.steps, here.gate.margin) == (999, 3, 0.5)
    assert here.finetune == there.finetune, "which has steps of its own"
    pairs = zip(before.splitlines(), text.splitlines(), strict=True)
    assert sum(old != new for old, new in pairs) == 3


@pytest.mark.parametrize("key", ["train.stops", "trian.steps", "rank.alpha"])
def test_a_key_that_is_not_there_is_told(key: str) -> None:
    with pytest.raises(Refused, match=f"0 lines for {key}"):
        with_key((ROOT / "params.yaml").read_text(encoding="utf-8"), key, 1)
