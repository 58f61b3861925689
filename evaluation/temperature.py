"""The temperature of a version, fitted on validation questions: never on the suite's own.

They are asked as the suite's are: same template, shots and precision. Where shots are by family,
a question of a family that has none cannot be asked so and is left out: a temperature of
another prompt is not this one's. Only the first order of the choices counts, for that is how a
version answers. What is fitted is kept and told; it
changes no answer. Knows no MLflow; how it is fitted stands in ``mcq.calibration``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from contracts.questions import Question
from contracts.verdicts import ENOUGH_VALIDATION, FittedTemperature, Interval
from evaluation.defaults import LEVEL, SEED
from evaluation.run import Asking, Scores, score_questions
from evaluation.shots import same_question
from evaluation.suite import Suite, in_order
from mcq.calibration import (
    COLDEST,
    HOTTEST,
    fit_temperature,
    mean_nats,
    temperature_interval,
    with_temperature,
)
from mcq.loaders import load_questions, questions_digest


def read_validation(path: Path | None, suite: Suite, count: int) -> tuple[Question, ...]:
    """The first ``count`` questions of the file, in a suite's order, that know their answer,
    have as many shots as the suite's questions and are neither the suite's nor its shots; none
    without a file. Raises what loaders raise."""
    if path is None or count == 0:
        return ()
    known = {same_question(question) for question in (*suite.questions, *suite.shots.every)}
    usable = [
        question
        for question in load_questions(path)
        if question.answer is not None
        and len(suite.shots.before(question)) == suite.shots.count
        and same_question(question) not in known
    ]
    return tuple(in_order(usable)[:count])


def asked_once(validation: Sequence[Question], asking: Asking) -> tuple[Sequence[Question], Asking]:
    """What the version is asked for its temperature, and how."""
    return validation, replace(asking, orders="single")


def fitted_temperature(
    scorer: Scores,
    validation: Sequence[Question],
    asking: Asking,
    progress: Callable[[int], None] = lambda _done: None,
    *,
    families: Collection[str | None],
    source: Path | None = None,
) -> FittedTemperature | None:
    """Scored and fitted; ``None`` where no question could be scored. ``families``: those of the
    suite's questions, ``None`` among them where a question has none; ``source``: the file that
    ``validation`` is from."""
    answers = score_questions(scorer, *asked_once(validation, asking), progress)
    scored = [
        (question, question.gold, answer.probabilities)
        for question, answer in zip(validation, answers, strict=True)
        if question.gold is not None and answer.probabilities
    ]
    if not scored:
        return None
    golds = [gold for _, gold, _ in scored]
    before = [probabilities for _, _, probabilities in scored]
    value = fit_temperature(before, golds)
    at_bound = value in {COLDEST, HOTTEST}
    return FittedTemperature(
        value=value,
        questions=len(scored),
        questions_digest=questions_digest(question for question, _, _ in scored),
        nats_before=mean_nats(before, golds),
        nats_after=mean_nats([with_temperature(one, value) for one in before], golds),
        at_bound=at_bound,
        interval=None if at_bound else _interval(before, golds, value),
        source=None if source is None else str(source),
        other_families_count=sum(question.family not in families for question, _, _ in scored),
    )


def _interval(
    probabilities: Sequence[Sequence[float]], golds: Sequence[int], value: float
) -> Interval | None:
    """Around ``value``; ``None`` for too few questions."""
    if len(golds) < ENOUGH_VALIDATION:
        return None
    lower, upper = temperature_interval(probabilities, golds, LEVEL, seed=SEED)
    return Interval(estimate=value, lower=min(lower, value), upper=max(upper, value), level=LEVEL)
