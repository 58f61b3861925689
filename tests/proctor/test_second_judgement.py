"""An edited verdict is refused; what can no longer be judged again is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import GateNotPassed, ResultsInvalid
from contracts.params import GateParams
from contracts.verdicts import ChampionPin, EvaluationResult, Verdict
from evaluation.gate import judge
from evaluation.results import read_verdict, records_text, write_shape
from proctor.second_judgement import judged_alike
from tests.evaluation.making import CHAMPION_DIGEST, SUITE_DIGEST, make_evaluation, make_records

PARAMS = GateParams(minimum_accuracy=0.3, minimum_questions=100, margin=0.02, confidence=0.95)
CHAMPION = ChampionPin(
    model="coding-mcqa",
    version="1",
    digest=CHAMPION_DIGEST,
    suite_digest=SUITE_DIGEST,
    correct={f"q{place:05}": place % 2 == 0 for place in range(300)},
)
NOBODY = ChampionPin(model="coding-mcqa")


class Judged:
    """What the stages left in ``folder``: an evaluation, its records, a pin, a verdict."""

    def __init__(self, folder: Path, outcomes: list[bool | None], pin: ChampionPin) -> None:
        records = make_records(outcomes)
        self.evaluation: EvaluationResult = make_evaluation(records)
        self.records, self.pin = folder / "records.jsonl", folder / "champion.json"
        self.records.write_text(records_text(records))
        write_shape(self.pin, pin)
        # As the command gets it: written to a file and read again.
        write_shape(folder / "verdict.json", judge(self.evaluation, records, pin, PARAMS))
        self.verdict: Verdict = read_verdict(folder / "verdict.json")

    def again(self, **edited: Any) -> str | None:
        verdict = Verdict.model_validate({**self.verdict.model_dump(), **edited})
        return judged_alike(verdict, self.evaluation, self.records, self.pin)


@pytest.mark.parametrize("pin", [NOBODY, CHAMPION], ids=["nobody", "champion"])
@pytest.mark.parametrize(
    "outcomes",
    [[True] * 300, [False] * 300, [True] * 3, [True, None] * 150],
    ids=["all right", "all wrong", "few", "half unscored"],
)
def test_what_the_gate_wrote_is_what_it_says_again(
    tmp_path: Path, outcomes: list[bool | None], pin: ChampionPin
) -> None:
    assert Judged(tmp_path, outcomes, pin).again() is None


@pytest.mark.parametrize("pin", [NOBODY, CHAMPION], ids=["nobody", "champion"])
def test_a_reject_that_was_made_a_pass_is_refused(tmp_path: Path, pin: ChampionPin) -> None:
    judged = Judged(tmp_path, [False] * 300, pin)
    assert judged.verdict.decision == "reject"
    with pytest.raises(GateNotPassed, match=r"says pass .*the gate says reject") as caught:
        judged.again(decision="pass")
    assert "proctor gate" in caught.value.mend


@pytest.mark.parametrize(
    "edited",
    [
        {"accuracy": {"estimate": 0.9, "lower": 0.8, "upper": 1.0, "level": 0.95}},
        {"comparison": None},
        {"reason": "trust me"},
        {"thresholds": {**PARAMS.model_dump(), "minimum_accuracy": 0.9999}},
        {"thresholds": {}},
        {"thresholds": {**PARAMS.model_dump(), "margin": 7.0}},
    ],
)
def test_any_other_edit_is_refused(tmp_path: Path, edited: dict[str, Any]) -> None:
    judged = Judged(tmp_path, [True] * 300, CHAMPION)
    assert judged.verdict.decision == "pass"
    with pytest.raises(GateNotPassed):
        judged.again(**edited)


def test_records_of_another_evaluation_are_refused(tmp_path: Path) -> None:
    judged = Judged(tmp_path, [True] * 300, NOBODY)
    judged.records.write_text(records_text(make_records([True] * 299)))
    with pytest.raises(ResultsInvalid, match="not the records of the evaluation"):
        judged.again()


@pytest.mark.parametrize("name", ["records.jsonl", "champion.json"])
def test_what_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    judged = Judged(tmp_path, [True] * 300, NOBODY)
    (tmp_path / name).unlink()
    assert judged.again() == f"{tmp_path / name} is not there"


def test_a_pin_that_moved_on_is_named(tmp_path: Path) -> None:
    judged = Judged(tmp_path, [True] * 300, NOBODY)
    write_shape(judged.pin, CHAMPION)
    assert "another champion" in str(judged.again())
