"""What a report says beyond accuracy, as rows that a page shows to whoever is new to it."""

from __future__ import annotations

from typing import Final

from contracts.reports import Measure
from contracts.robustness import RobustnessReport
from contracts.verdicts import EvaluationResult, Interval

# Of fewer, the clustered interval may hold the truth some nine times in ten (docs/statistics.md).
ENOUGH_FAMILIES: Final = 10


def measures_of(report: RobustnessReport) -> tuple[Measure, ...]:
    """One row a figure; a section without a meaning is one row with its reason."""
    rows: list[Measure] = []
    for name, section in (
        ("families", _families(report)),
        ("orders", _orders(report)),
        ("debiased", _debiased(report)),
        ("letters", _letters(report)),
        ("tie_ratio", _ties(report)),
        ("choices_only", _choices_only(report)),
        ("unread", _unread(report)),
        ("contamination", _contamination(report)),
        ("unseen", _unseen(report)),
    ):
        rows += section or [_missing(report, name)]
    return tuple(rows)


def calibration_measures(report: RobustnessReport) -> tuple[Measure, ...]:
    """How far a confidence can be believed, and what it is worth for abstaining; what has no
    meaning is one row with its reason."""
    rows: list[Measure] = []
    for name, section in (
        ("calibration", _calibration(report)),
        ("abstention", _abstention(report)),
        ("temperature", _temperature(report)),
    ):
        rows += section or [_missing(report, name)]
    return tuple(rows)


def _missing(report: RobustnessReport, name: str) -> Measure:
    title, meaning = _TITLES[name]
    return Measure(name=title, value=None, meaning=meaning, reason=report.missing[name])


_TITLES = {
    "families": (
        "accuracy, for other families",
        "the interval is clustered by family; Wilson's is for other questions of the same ones",
    ),
    "orders": (
        "accuracy over orders",
        "mean over all cyclic orders of the choices; the interval is clustered by question",
    ),
    "debiased": ("debiased accuracy", "with the liking for letters divided out (PriDe)"),
    "letters": ("letters", "what the model does with letters"),
    "tie_ratio": (
        "ties",
        "questions whose two best choices are equally likely; the first of them is the answer",
    ),
    "calibration": ("calibration", "how far a confidence can be believed"),
    "abstention": (
        "risk area",
        "share that is wrong of the most confident answers, mean over how many are given",
    ),
    "temperature": (
        "temperature",
        "what log-probabilities are divided by to be calibrated; above 1 they are too sure",
    ),
    "choices_only": ("choices only", "accuracy of a rule that never reads the question"),
    "unread": ("the version without the question", "its accuracy when shown the choices alone"),
    "contamination": ("contamination", "questions that stand in the training data, too"),
    "unseen": ("accuracy without twins", "of the questions that do not stand in training data"),
}


def written_measures(result: EvaluationResult) -> tuple[Measure, ...]:
    """What became of replies and explanations; nothing where none was written."""
    rows: list[Measure] = []
    if (facts := result.generation) is not None:
        counts = (
            ("replies without a letter", facts.unparsed, "counted by themselves, not as wrong"),
            (
                "prompts without room",
                facts.unanswered,
                "so long that the context leaves no room for a reply",
            ),
            (
                "replies at the limit",
                facts.cut,
                f"cut off after {facts.max_new_tokens} tokens; some had stated a letter before",
            ),
        )
        rows += [_count(*count) for count in counts]
        if facts.as_published is not None:
            told = "CodeMMLU's own rules, over all replies, an unread one wrong"
            rows.append(_of("accuracy as published", facts.as_published, told))
    if (explained := result.explanation) is not None:
        name, told = "agreement of explanations", "those that come to the letter that was scored"
        if explained.rate is None:
            reason = f"none of {explained.questions} explanations states a letter"
            rows.append(Measure(name=name, value=None, meaning=told, reason=reason))
        else:
            rows.append(_of(name, explained.rate, told))
        told = f"of {explained.questions}, counted by themselves"
        rows.append(_count("explanations without a letter", explained.unparsed, told))
    return tuple(rows)


def _of(name: str, found: Interval, meaning: str) -> Measure:
    """A share with its interval."""
    return Measure(
        name=name,
        value=found.estimate,
        lower=found.lower,
        upper=found.upper,
        meaning=meaning,
        unit="share",
    )


def _share(name: str, ratio: float, meaning: str) -> Measure:
    return Measure(name=name, value=ratio, meaning=meaning, unit="share")


def _count(name: str, count: int, meaning: str) -> Measure:
    return Measure(name=name, value=count, meaning=meaning, unit="count")


def _families(report: RobustnessReport) -> list[Measure]:
    found = report.families
    if found is None:
        return []
    name, meaning = _TITLES["families"]
    told = f"{found.questions_count} questions of {found.families_count} families"
    if found.families_count < ENOUGH_FAMILIES:
        told += (
            f"; fewer than {ENOUGH_FAMILIES} tell little of how families differ, and it may be too"
            " narrow"
        )
    return [_of(name, found.accuracy, f"{meaning}; {told}")]


def _orders(report: RobustnessReport) -> list[Measure]:
    found = report.orders
    if found is None:
        return []
    return [
        _of(_TITLES["orders"][0], found.mean_accuracy, _TITLES["orders"][1]),
        _share("worst order", found.worst_accuracy, "accuracy in the order that does worst"),
        _share(
            "right in every order",
            found.all_right_ratio,
            "questions that are right wherever the right choice stands",
        ),
        _share(
            "flip rate",
            found.flipped_ratio,
            "questions whose chosen choice (not letter) changes with the order; 0 is best",
        ),
    ]


def _debiased(report: RobustnessReport) -> list[Measure]:
    found = report.debiased
    if found is None:
        return []
    told = f"the liking was learned from {found.estimated_on_count} of {found.questions_count}"
    return [_of(_TITLES["debiased"][0], found.accuracy, f"{_TITLES['debiased'][1]}; {told}")]


def _letters(report: RobustnessReport) -> list[Measure]:
    found = report.letters
    if found is None:
        return []
    rows = [
        _share(
            "option mass",
            found.option_mass,
            "mean probability that the next token is one of the letters at all; near 0 the model"
            " does not know the form",
        ),
        *(
            _of(
                f"accuracy where {one.letter} is right",
                one.accuracy,
                f"of {one.questions_count} questions; guessing is the same for every letter",
            )
            for one in found.positions
        ),
    ]
    if found.recall_deviation is not None:
        rows.insert(
            1,
            _share(
                "deviation of recalls",
                found.recall_deviation,
                "standard deviation of the accuracies below; 0 when no letter is favoured",
            ),
        )
    return rows


def _ties(report: RobustnessReport) -> list[Measure]:
    if report.tie_ratio is None:
        return []
    name, meaning = _TITLES["tie_ratio"]
    return [_share(name, report.tie_ratio, meaning)]


def _calibration(report: RobustnessReport) -> list[Measure]:
    found = report.calibration
    if found is None:
        return []
    return [
        _of(
            "expected calibration error",
            found.expected_error,
            "mean distance of accuracy from confidence in ten bins; chance adds to the value, and"
            " the interval allows for it: one from 0 may be chance alone; lower is better",
        ),
        Measure(
            name="Brier score",
            value=found.brier_score,
            meaning="squared error of the probabilities, from 0 to 2; lower is better",
        ),
        _share(
            "mean confidence",
            found.mean_confidence,
            "probability that the model gave its answers; equals the accuracy when calibrated",
        ),
    ]


def _abstention(report: RobustnessReport) -> list[Measure]:
    if report.abstention is None:
        return []
    name, meaning = _TITLES["abstention"]
    return [_share(name, report.abstention.risk_area, meaning)]


def _temperature(report: RobustnessReport) -> list[Measure]:
    found = report.temperature
    if found is None:
        return []
    name, meaning = _TITLES["temperature"]
    if found.at_bound:
        meaning = "an end of the range that was searched, so no measurement: the best lies beyond"
    told = (
        f"from {found.nats_before:.3f} to {found.nats_after:.3f} nats a question, on"
        f" {found.told_questions()}"
    )
    ends = found.interval
    return [
        Measure(
            name=name,
            value=found.value,
            lower=None if ends is None else ends.lower,
            upper=None if ends is None else ends.upper,
            meaning=f"{meaning}; {told}",
        )
    ]


def _choices_only(report: RobustnessReport) -> list[Measure]:
    return [
        _of(
            f"{_TITLES['choices_only'][0]}: {one.rule.replace('_', ' ')}",
            one.accuracy,
            f"a rule that never reads the question; guessing has {one.chance:.1%}",
        )
        for one in report.choices_only or ()
    ]


def _unread(report: RobustnessReport) -> list[Measure]:
    found = report.unread
    if found is None:
        return []
    name, meaning = _TITLES["unread"]
    told = f"on {found.questions_count} questions; guessing has {found.chance:.1%}"
    return [_of(name, found.accuracy, f"{meaning}, {told}")]


def _contamination(report: RobustnessReport) -> list[Measure]:
    found = report.contamination
    if found is None:
        return []
    many = max(1, found.questions_count)
    return [
        _share(
            "same program in training",
            found.same_program_count / many,
            f"questions whose program, names aside, is among {found.training_count} that were"
            " learned from",
        ),
        _share(
            "every 13-gram in training",
            found.all_grams_count / many,
            "questions all of whose runs of 13 tokens stand there",
        ),
        _share(
            "some 13-gram in training",
            found.touched_count / many,
            "questions with at least one such run; programs of one template share many",
        ),
    ]


def _unseen(report: RobustnessReport) -> list[Measure]:
    found = report.unseen
    if found is None:
        return []
    name, meaning = _TITLES["unseen"]
    return [_of(name, found.accuracy, f"{meaning}: {found.questions} of {report.scored_count}")]
