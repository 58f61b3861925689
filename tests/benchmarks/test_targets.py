from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.targets import Target, as_rows, hand_over


def test_a_target_is_met_on_its_side() -> None:
    assert Target("rate", 2.0, 1.0, ">=").met
    assert not Target("rate", 0.5, 1.0, ">=").met
    assert not Target("seconds", 2.0, 1.0, "<=").met
    assert not Target("rate", float("nan"), 1.0, ">=").met
    assert not Target("rate", 2.0, 1.0, ">=", judged=False).met
    assert not Target("seconds", float("nan"), 1.0, "<=").met


@pytest.mark.parametrize(("value", "code"), [(2.0, 0), (0.5, 1)])
def test_a_missed_target_is_the_exit_code_and_the_result_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: float, code: int
) -> None:
    result = {"benchmark": "x", "targets": as_rows([Target("rate", value, 1.0, ">=")])}
    assert hand_over(result, tmp_path / "x.json") == code
    written = json.loads((tmp_path / "x.json").read_text())
    assert written == json.loads(capsys.readouterr().out) == result
    assert written["targets"][0]["met"] is (code == 0)
