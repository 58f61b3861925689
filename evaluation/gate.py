"""The gate: pass, reject or could-not-judge, from an evaluation and the champion's pin.

Rules are asked in the order of ``RULES``; the first that has something to say decides, and
only ``pass`` moves anything forward. Intervals are two-sided at ``params.confidence``:

==========================  ==========================================================
too-few-questions           fewer scored than ``minimum_questions``: could-not-judge
already-champion            the champion's own weights: could-not-judge, since there is
                            nothing to replace, and a pass would promise a new version
bootstrap-...               no champion yet: accuracy against ``minimum_accuracy`` alone
suite-differs               the pin is of another suite: could-not-judge
limits-differ               in words: the champion's replies were had under another limit of
                            tokens, or it is not known under which: could-not-judge
questions-differ            the pin has questions that the records lack: could-not-judge
too-few-common-questions    fewer scored by both than ``minimum_questions``: could-not-judge
minimum-accuracy            upper end of accuracy below the minimum: reject
harm                        upper end of the difference below 0: reject
unscored-questions          would pass, but not if the unscored were wrong: could-not-judge
non-inferiority             lower end of the difference at least ``-margin``, and lower end
                            of accuracy at least the minimum: pass
not-enough-evidence         all else: could-not-judge, with how many questions it would take
==========================  ==========================================================

Harm stands before non-inferiority: a version that is surely worse is refused even if by
less than the margin. Pure: no file, no clock, no MLflow.

Source: non-inferiority from a confidence interval as in ICH E9 (1998), section 3.3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from contracts.params import GateParams
from contracts.verdicts import (
    ChampionPin,
    Comparison,
    Decision,
    EvaluationResult,
    Interval,
    QuestionRecord,
    Verdict,
)
from evaluation.compare import compare_outcomes, outcomes_of
from evaluation.samples import sample_faults
from stats.intervals import trials_to_settle, wilson
from stats.paired import trials_to_exclude


class Ruling(NamedTuple):
    decision: Decision
    rule: str
    reason: str


@dataclass(frozen=True)
class Case:
    """What the rules look at. ``worst_accuracy`` and ``worst_comparison`` count the
    questions that the candidate could not score as wrong; with none they are the same.
    Comparisons are ``None`` without a champion or without a common question."""

    evaluation: EvaluationResult
    pin: ChampionPin
    params: GateParams
    scored: int
    unscored: int
    absent: tuple[str, ...]
    accuracy: Interval
    worst_accuracy: Interval
    comparison: Comparison | None
    worst_comparison: Comparison | None

    @property
    def champion(self) -> str:
        return f"the champion ({self.pin.model}/{self.pin.version})"


def judge(
    evaluation: EvaluationResult,
    records: Sequence[QuestionRecord],
    pin: ChampionPin,
    params: GateParams,
) -> Verdict:
    """The verdict on the checkpoint of ``evaluation``, whose ``records`` these are."""
    case = _case(evaluation, records, pin, params)
    ruling = next(found for rule in RULES if (found := rule(case)) is not None)
    return Verdict(
        decision=ruling.decision,
        rule=ruling.rule,
        reason=ruling.reason,
        model=pin.model,
        digest=evaluation.digest,
        evaluation_run_id=evaluation.run_id,
        suite_digest=evaluation.suite_digest,
        records_digest=evaluation.records_digest,
        champion=pin.version,
        champion_digest=pin.digest,
        accuracy=case.accuracy,
        comparison=case.comparison,
        thresholds={name: float(value) for name, value in params.model_dump().items()},
    )


def _case(
    evaluation: EvaluationResult,
    records: Sequence[QuestionRecord],
    pin: ChampionPin,
    params: GateParams,
) -> Case:
    outcomes = outcomes_of(records)
    worst = {record.id: bool(record.correct) for record in records}
    comparable = (
        pin.version is not None
        and pin.suite_digest == evaluation.suite_digest
        and pin.max_new_tokens == evaluation.max_new_tokens
    )

    def against_champion(ours: Mapping[str, bool]) -> Comparison | None:
        if not comparable or not ours.keys() & pin.correct.keys():
            return None
        return compare_outcomes(ours, pin.correct, params.confidence)

    return Case(
        evaluation=evaluation,
        pin=pin,
        params=params,
        scored=len(outcomes),
        unscored=len(records) - len(outcomes),
        absent=tuple(sorted(pin.correct.keys() - worst.keys())),
        # With nothing scored the first rule decides; the evaluation's own word is shown.
        accuracy=_accuracy(outcomes, params) if outcomes else evaluation.accuracy,
        worst_accuracy=_accuracy(worst, params) if worst else evaluation.accuracy,
        comparison=against_champion(outcomes),
        worst_comparison=against_champion(worst),
    )


def _accuracy(outcomes: Mapping[str, bool], params: GateParams) -> Interval:
    with sample_faults():
        found = wilson(sum(outcomes.values()), len(outcomes), params.confidence)
    return Interval(**found._asdict(), level=params.confidence)


# ------------------------------------------------------------------- the rules


def _too_few_questions(case: Case) -> Ruling | None:
    if case.scored >= case.params.minimum_questions:
        return None
    return Ruling(
        "could-not-judge",
        "too-few-questions",
        f"only {case.scored} questions were scored, where {case.params.minimum_questions} are"
        " wanted: raise evaluate.max_questions or build a larger bank.",
    )


def _already_champion(case: Case) -> Ruling | None:
    if case.pin.version is None or case.pin.digest != case.evaluation.digest:
        return None
    return Ruling(
        "could-not-judge",
        "already-champion",
        f"these weights are {case.champion} already: there is nothing to judge.",
    )


def _bootstrap(case: Case) -> Ruling | None:
    """No champion yet: the minimum alone."""
    if case.pin.version is not None:
        return None
    minimum, accuracy = case.params.minimum_accuracy, case.accuracy
    rule = "bootstrap-minimum-accuracy"
    said = f"there is no champion yet, and the accuracy is {_share(accuracy)}"
    if accuracy.upper < minimum:
        return Ruling("reject", rule, f"{said}, surely below the minimum of {minimum:.1%}.")
    if accuracy.lower < minimum:
        return Ruling(
            "could-not-judge",
            rule,
            f"{said}, neither surely below nor surely at the minimum of {minimum:.1%}."
            f" {_questions_for_accuracy(case)}",
        )
    if case.worst_accuracy.lower < minimum:
        return Ruling("could-not-judge", "bootstrap-unscored-questions", _too_many_unscored(case))
    return Ruling("pass", rule, f"{said}, at least the minimum of {minimum:.1%}.")


def _suite_differs(case: Case) -> Ruling | None:
    if case.pin.suite_digest == case.evaluation.suite_digest:
        return None
    known = "no suite" if case.pin.suite_digest is None else "another suite"
    if case.pin.protocol not in {None, case.evaluation.protocol}:
        known = f"a suite asked by the protocol {case.pin.protocol}"
    return Ruling(
        "could-not-judge",
        "suite-differs",
        f"{case.champion} is pinned with {known}, and these answers are of"
        f" {case.evaluation.suite}. {_pin_again(case)}",
    )


def _limits_differ(case: Case) -> Ruling | None:
    """A reply that was cut states another letter, or none: the difference would be the limit's."""
    pinned, ours = case.pin.max_new_tokens, case.evaluation.max_new_tokens
    if pinned == ours:
        return None
    theirs = (
        "its pin does not tell how long its replies could be"
        if pinned is None
        else f"its replies had {pinned} tokens at most"
    )
    return Ruling(
        "could-not-judge",
        "limits-differ",
        f"{case.champion} was asked in another way: {theirs}, and these had {ours}."
        f" {_pin_again(case)}",
    )


def _questions_differ(case: Case) -> Ruling | None:
    if not case.absent:
        return None
    return Ruling(
        "could-not-judge",
        "questions-differ",
        f"{len(case.absent)} questions that {case.champion} answered are not in this"
        f" evaluation, as {case.absent[0]}: pin it again with `proctor registry pin`.",
    )


def _too_few_common(case: Case) -> Ruling | None:
    common = 0 if case.comparison is None else case.comparison.questions
    if common >= case.params.minimum_questions:
        return None
    return Ruling(
        "could-not-judge",
        "too-few-common-questions",
        f"only {common} questions were scored by both this version and {case.champion}, where"
        f" {case.params.minimum_questions} are wanted.",
    )


def _minimum_accuracy(case: Case) -> Ruling | None:
    minimum = case.params.minimum_accuracy
    if case.accuracy.upper >= minimum:
        return None
    return Ruling(
        "reject",
        "minimum-accuracy",
        f"the accuracy is {_share(case.accuracy)}, surely below the minimum of {minimum:.1%}.",
    )


def _harm(case: Case) -> Ruling | None:
    if case.comparison is None or case.comparison.difference.upper >= 0.0:
        return None
    return Ruling(
        "reject",
        "harm",
        f"against {case.champion} the accuracy differs by {_points(case.comparison)}: it is"
        " surely worse.",
    )


def _non_inferiority(case: Case) -> Ruling | None:
    if not _holds(case.accuracy, case.comparison, case.params):
        return None
    if case.comparison is None or not _holds(
        case.worst_accuracy, case.worst_comparison, case.params
    ):
        return Ruling("could-not-judge", "unscored-questions", _too_many_unscored(case))
    word = "surely better" if case.comparison.difference.lower > 0.0 else "surely not worse"
    beyond = "" if word == "surely better" else f" by more than {case.params.margin:.1%}"
    return Ruling(
        "pass",
        "non-inferiority",
        f"against {case.champion} the accuracy differs by {_points(case.comparison)}: it is"
        f" {word}{beyond}, and its accuracy of {_share(case.accuracy)} reaches the minimum of"
        f" {case.params.minimum_accuracy:.1%}.",
    )


def _not_enough_evidence(case: Case) -> Ruling | None:
    """Every other case: says which of the two questions is open, and what would close it."""
    if case.accuracy.lower < case.params.minimum_accuracy:
        reason = (
            f"the accuracy is {_share(case.accuracy)}, neither surely below nor surely at the"
            f" minimum of {case.params.minimum_accuracy:.1%}. {_questions_for_accuracy(case)}"
        )
    else:
        reason = _open_difference(case)
    return Ruling("could-not-judge", "not-enough-evidence", reason)


RULES: Final[tuple[Callable[[Case], Ruling | None], ...]] = (
    _too_few_questions,
    _already_champion,
    _bootstrap,
    _suite_differs,
    _limits_differ,
    _questions_differ,
    _too_few_common,
    _minimum_accuracy,
    _harm,
    _non_inferiority,
    _not_enough_evidence,
)


# ------------------------------------------------------------------- sentences


def _pin_again(case: Case) -> str:
    """The command that has the champion asked as this evaluation was, whatever the parameters
    say by then."""
    asked = case.evaluation
    options = [
        f"--suite {asked.suite}",
        f"--max-questions {asked.questions}",
        f"--protocol {asked.protocol}",
    ]
    options += [f"--precision {asked.precision}"] if asked.precision else []
    limit = asked.max_new_tokens
    with_limit = "" if limit is None else f", with evaluate.max_new_tokens: {limit} in params.yaml"
    return (
        f"Pin it as these were asked: `proctor registry pin {' '.join(options)}`{with_limit} (and"
        " the --questions of the evaluation, if it had any)."
    )


def _holds(accuracy: Interval, comparison: Comparison | None, params: GateParams) -> bool:
    return (
        comparison is not None
        and comparison.difference.lower >= -params.margin
        and comparison.difference.upper >= 0.0  # else harm, as when the unscored were wrong
        and accuracy.lower >= params.minimum_accuracy
    )


def _share(accuracy: Interval) -> str:
    return f"{accuracy.estimate:.1%} ({accuracy.lower:.1%} to {accuracy.upper:.1%})"


def _points(comparison: Comparison) -> str:
    found = comparison.difference
    return (
        f"{100 * found.estimate:+.1f} points ({100 * found.lower:+.1f} to"
        f" {100 * found.upper:+.1f}) on {comparison.questions} common questions"
    )


def _too_many_unscored(case: Case) -> str:
    if case.evaluation.protocol == "generate":
        return (
            f"{case.unscored} of {case.scored + case.unscored} questions were answered without a"
            " letter; were they wrong, it would not pass: out/replies.jsonl shows what was"
            " written. Raise evaluate.max_new_tokens if replies were cut, or take another"
            " template."
        )
    return (
        f"{case.unscored} of {case.scored + case.unscored} questions could not be scored; were"
        " they wrong, it would not pass: shorten them or raise the model's context."
    )


def _questions_for_accuracy(case: Case) -> str:
    needed = trials_to_settle(
        case.params.minimum_accuracy,
        case.accuracy.estimate,
        alpha=1.0 - case.params.confidence,
    )
    return _needed(needed, "the accuracy")


def _open_difference(case: Case) -> str:
    comparison = case.comparison
    assert comparison is not None  # noqa: S101  # too-few-common-questions came before
    seen, margin = comparison.difference.estimate, case.params.margin
    discordance = (comparison.only_candidate + comparison.only_reference) / comparison.questions
    # What would settle it: leaving out the margin if better than that, else leaving out 0.
    bound = -margin if seen > -margin else 0.0
    needed = trials_to_exclude(bound, seen, discordance, alpha=1.0 - case.params.confidence)
    least = comparison.smallest_detectable_difference
    shown = (
        ""
        if least is None
        else f" This many questions show a difference of {100 * least:.1f} points or more."
    )
    return (
        f"against {case.champion} the accuracy differs by {_points(comparison)}: neither surely"
        f" worse nor surely within the margin of {100 * margin:.1f} points."
        f" {_needed(needed, 'the difference')}{shown}"
    )


def _needed(questions: int | None, what: str) -> str:
    if questions is None:
        return f"If {what} is as seen, no number of questions settles it."
    return f"If {what} is as seen, about {questions:,} questions settle it."
