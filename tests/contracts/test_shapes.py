"""Every shape on the wire or in a file: frozen, strict about keys, the same when read back."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import pytest
from pydantic import BaseModel, ValidationError

import contracts
from contracts.answers import Answer, Problem
from contracts.shape import Shape
from contracts.verdicts import Comparison, Interval, QuestionRecord, Verdict

DIGEST = "sha256:" + "0" * 64
ACCURACY = Interval(estimate=0.5, lower=0.4, upper=0.6)


def all_shapes() -> list[type[BaseModel]]:
    modules = [
        import_module(f"contracts.{module.name}")
        for module in pkgutil.iter_modules(contracts.__path__)
    ]
    return [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and issubclass(kind, BaseModel)
    ]


def test_every_model_is_a_shape() -> None:
    shapes = all_shapes()
    assert len(shapes) > 15
    for kind in shapes:
        assert issubclass(kind, Shape), kind
        assert kind.model_config["frozen"] is True
        assert kind.model_config["extra"] == "forbid"
        assert kind.model_config["allow_inf_nan"] is False


def test_a_ratio_outside_zero_and_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Interval(estimate=0.5, lower=0.4, upper=0.6, level=1.5)
    with pytest.raises(ValidationError, match="finite"):
        Interval(estimate=float("nan"), lower=0.4, upper=0.6)


def test_an_unscored_question_is_not_a_wrong_one() -> None:
    record = QuestionRecord(
        id="q",
        family=None,
        difficulty=None,
        gold="A",
        letter=None,
        correct=None,
        confidence=None,
        probabilities=(),
    )
    assert QuestionRecord.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize(
    ("letter", "correct"),
    [("B", True), ("A", False), ("A", None), (None, True), (None, False)],
)
def test_a_record_cannot_be_right_with_another_letter(letter: str, correct: bool | None) -> None:
    fields = {"id": "q", "family": None, "difficulty": None, "gold": "A", "probabilities": ()}
    told = {**fields, "confidence": None, "letter": letter, "correct": correct}
    with pytest.raises(ValidationError, match=f"letter {letter} and gold A"):
        QuestionRecord.model_validate(told)


def test_a_verdict_knows_three_words_only() -> None:
    fields = {
        "rule": "bootstrap",
        "reason": "No champion yet.",
        "model": "coding-mcqa",
        "digest": DIGEST,
        "evaluation_run_id": "run",
        "suite_digest": DIGEST,
        "records_digest": DIGEST,
        "champion": None,
        "champion_digest": None,
        "accuracy": ACCURACY,
        "comparison": None,
        "thresholds": {"minimum_accuracy": 0.3},
    }
    for decision in ("pass", "reject", "could-not-judge"):
        verdict = Verdict.model_validate({"decision": decision, **fields})
        assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
    for decision in ("passed", "", None, True):
        with pytest.raises(ValidationError, match="decision"):
            Verdict.model_validate({"decision": decision, **fields})


def test_two_that_never_disagreed_have_no_detectable_difference() -> None:
    same = Comparison(
        questions=10,
        both=6,
        only_candidate=0,
        only_reference=0,
        neither=4,
        difference=Interval(estimate=0.0, lower=-0.1, upper=0.1),
        mcnemar_p=1.0,
        smallest_detectable_difference=None,
    )
    assert Comparison.model_validate_json(same.model_dump_json()) == same


def test_an_answer_has_probabilities_between_zero_and_one() -> None:
    version = {"model": "m", "version": "1", "digest": DIGEST, "scoring": "text"}
    answer = {"letter": "B", "confidence": 0.75, "version": version}
    good = Answer.model_validate({**answer, "probabilities": {"A": 0.25, "B": 0.75}})
    assert Answer.model_validate_json(good.model_dump_json()) == good
    for bad in ({"A": -0.1, "B": 0.75}, {"A": 1.1}, {"K": 0.5}, {"A": float("nan")}):
        with pytest.raises(ValidationError, match="probabilities"):
            Answer.model_validate({**answer, "probabilities": bad})


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    problem = Problem(type="bad-question", title="Bad", status=422, detail="choice A is blank")
    assert set(problem.model_dump(exclude_none=True)) == {
        "type",
        "title",
        "status",
        "detail",
        "errors",
    }
