"""What a report says beyond accuracy, as rows that a page shows."""

from __future__ import annotations

from contracts.reports import Measure
from contracts.robustness import RobustnessReport
from contracts.verdicts import Interval


def measures_of(report: RobustnessReport) -> tuple[Measure, ...]:
    """One row a figure; a section without a meaning is one row with its reason."""
    rows: list[Measure] = []
    for name, section in (
        ("orders", _orders(report)),
        ("debiased", _debiased(report)),
        ("letters", _letters(report)),
        ("tie_ratio", _ties(report)),
        ("abstention", _abstention(report)),
        ("temperature", _temperature(report)),
        ("choices_only", _choices_only(report)),
        ("contamination", _contamination(report)),
    ):
        rows += section or [
            Measure(
                name=_TITLES[name][0],
                value=None,
                meaning=_TITLES[name][1],
                reason=report.missing[name],
            )
        ]
    return tuple(rows)


_TITLES = {
    "orders": ("accuracy over orders", "over all cyclic orders of the choices"),
    "debiased": ("debiased accuracy", "with the liking for letters divided out (PriDe)"),
    "letters": ("letters", "what the model does with letters"),
    "tie_ratio": ("ties", "share of questions whose two best choices are equal"),
    "abstention": ("risk area", "mean share of wrong answers over coverages; lower is better"),
    "temperature": ("temperature", "what confidence is divided by, in log-probabilities"),
    "choices_only": ("choices only", "accuracy of a rule that never reads the question"),
    "contamination": ("contamination", "questions with a twin in the training data"),
}


def _of(name: str, found: Interval, meaning: str) -> Measure:
    return Measure(
        name=name, value=found.estimate, lower=found.lower, upper=found.upper, meaning=meaning
    )


def _orders(report: RobustnessReport) -> list[Measure]:
    found = report.orders
    if found is None:
        return []
    return [
        _of(_TITLES["orders"][0], found.mean_accuracy, _TITLES["orders"][1]),
        Measure(name="worst order", value=found.worst_accuracy, meaning="accuracy of that order"),
        Measure(
            name="right in every order", value=found.all_right_ratio, meaning="share of questions"
        ),
        Measure(
            name="flip rate",
            value=found.flipped_ratio,
            meaning="share of questions whose chosen choice changes with the order",
        ),
    ]


def _debiased(report: RobustnessReport) -> list[Measure]:
    found = report.debiased
    if found is None:
        return []
    told = f"{found.estimated_on_count} of {found.questions_count} questions told the prior"
    return [_of(_TITLES["debiased"][0], found.accuracy, f"{_TITLES['debiased'][1]}; {told}")]


def _letters(report: RobustnessReport) -> list[Measure]:
    found = report.letters
    if found is None:
        return []
    rows = [
        Measure(
            name="option mass",
            value=found.option_mass,
            meaning="mean probability that the model writes a letter at all",
        ),
        *(
            _of(
                f"accuracy where {one.letter} is right",
                one.accuracy,
                f"{one.questions_count} questions",
            )
            for one in found.positions
        ),
    ]
    if found.recall_deviation is not None:
        rows.insert(
            1,
            Measure(
                name="deviation of recalls",
                value=found.recall_deviation,
                meaning="standard deviation over gold letters of the share that is right",
            ),
        )
    return rows


def _ties(report: RobustnessReport) -> list[Measure]:
    if report.tie_ratio is None:
        return []
    name, meaning = _TITLES["tie_ratio"]
    return [Measure(name=name, value=report.tie_ratio, meaning=meaning)]


def _abstention(report: RobustnessReport) -> list[Measure]:
    if report.abstention is None:
        return []
    name, meaning = _TITLES["abstention"]
    return [Measure(name=name, value=report.abstention.risk_area, meaning=meaning)]


def _temperature(report: RobustnessReport) -> list[Measure]:
    found = report.temperature
    if found is None:
        return []
    name, meaning = _TITLES["temperature"]
    after = (
        f"{found.nats_before:.3f} to {found.nats_after:.3f} nats on {found.questions} questions"
        " of validation"
    )
    return [Measure(name=name, value=found.value, meaning=f"{meaning}; {after}")]


def _choices_only(report: RobustnessReport) -> list[Measure]:
    return [
        _of(f"{_TITLES['choices_only'][0]}: {one.rule}", one.accuracy, f"chance {one.chance:.1%}")
        for one in report.choices_only or ()
    ]


def _contamination(report: RobustnessReport) -> list[Measure]:
    found = report.contamination
    if found is None:
        return []
    many = max(1, found.questions_count)
    return [
        Measure(
            name="same program in training",
            value=found.same_program_count / many,
            meaning="share of questions, by hash of the normalised program",
        ),
        Measure(
            name="every 13-gram in training",
            value=found.all_grams_count / many,
            meaning="share of questions all of whose 13-grams are known there",
        ),
        Measure(
            name="some 13-gram in training",
            value=found.touched_count / many,
            meaning="share of questions that share at least one",
        ),
    ]
