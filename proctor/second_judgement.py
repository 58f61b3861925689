"""The gate asked again: is a verdict's file what the gate says of the same inputs?

Registering believes a verdict's file, which anybody can edit. The gate is pure, so it is
asked once more, with the thresholds that stand in the verdict. Where its inputs are no
longer there (records not pulled, the pin moved on to another champion) nothing can be said;
the reason is returned, for people to see. Whether the verdict is a pass is not asked here.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contracts.errors import GateNotPassed
from contracts.faults import first_fault
from contracts.params import GateParams
from contracts.verdicts import EvaluationResult, Verdict
from evaluation.gate import judge
from evaluation.results import read_pin, read_records_of

MEND = "Judge it again: `dvc repro`, or `proctor gate`."


def judged_alike(
    verdict: Verdict, evaluation: EvaluationResult, records: Path, pin: Path
) -> str | None:
    """``None`` when the gate says the same again, else why it could not be asked.

    Raises ``GateNotPassed`` when it says something else, ``ResultsInvalid`` when the records
    are not the evaluation's or a file cannot be read."""
    for file in (records, pin):
        if not file.is_file():
            return f"{file} is not there"
    pinned = read_pin(pin, verdict.model)
    if (pinned.version, pinned.digest) != (verdict.champion, verdict.champion_digest):
        return f"{pin} names another champion than the one it was judged against"
    try:
        thresholds = GateParams.model_validate(verdict.thresholds)
    except ValidationError as error:
        raise _other(f"its thresholds are not the gate's: {first_fault(error)}.") from error
    again = judge(evaluation, read_records_of(evaluation, records), pinned, thresholds)
    if not _alike(verdict.model_dump(mode="json"), again.model_dump(mode="json")):
        raise _other(
            f"the verdict's file says {verdict.decision} ({verdict.rule}), but of the same"
            f" evaluation, records and pin the gate says {again.decision} ({again.rule}):"
            f" {again.reason}"
        )
    return None


def _other(reason: str) -> GateNotPassed:
    return GateNotPassed("this checkpoint", reason, mend=MEND)


def _alike(one: Any, two: Any) -> bool:
    """The same JSON; another machine's logarithm may differ in the last digit of a number."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_alike(one[key], two[key]) for key in one)
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == two)
