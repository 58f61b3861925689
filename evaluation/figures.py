"""Figures of an evaluation: accuracy by group with intervals, and reliability.

Matplotlib is imported here only, without pyplot: no window, no global state. Colours are
two of Okabe and Ito's, told apart by everyone (https://jfly.uni-koeln.de/color/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from contracts.verdicts import EvaluationResult, GroupAccuracy, QuestionRecord
from evaluation.metrics.accuracy import chance_accuracy
from evaluation.metrics.calibration import reliability
from stats.intervals import wilson

BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREY: Final = "#333333"
WIDTH_INCHES: Final = 8.0
DPI: Final = 120


def figures_of(result: EvaluationResult, records: Sequence[QuestionRecord]) -> dict[str, Figure]:
    """File name to figure; a grouping without groups has no figure."""
    chance = chance_accuracy(records)
    figures: dict[str, Figure] = {}
    for name, groups in (("family", result.by_family), ("difficulty", result.by_difficulty)):
        if groups:
            figures[f"accuracy_by_{name}.png"] = _accuracy_figure(name, groups, result, chance)
    figures["reliability.png"] = _reliability_figure(result, records)
    return figures


def _accuracy_figure(
    grouping: str, groups: Mapping[str, GroupAccuracy], result: EvaluationResult, chance: float
) -> Figure:
    """Horizontal bars, best on top, so that long names are read without turning the head."""
    figure, axes = _blank(height_inches=1.6 + 0.34 * len(groups))
    ordered = sorted(groups.items(), key=lambda item: item[1].accuracy.estimate)
    places = range(len(ordered))
    estimates = [group.accuracy.estimate for _, group in ordered]
    axes.barh(places, estimates, color=BLUE, alpha=0.75, height=0.62)
    axes.errorbar(
        estimates,
        places,
        xerr=[
            [group.accuracy.estimate - group.accuracy.lower for _, group in ordered],
            [group.accuracy.upper - group.accuracy.estimate for _, group in ordered],
        ],
        fmt="none",
        ecolor="black",
        elinewidth=1.2,
        capsize=3,
        zorder=3,
    )
    axes.axvline(chance, color=GREY, linestyle=":", linewidth=1.5, label=f"chance {chance:.0%}")
    overall = result.accuracy.estimate
    axes.axvline(overall, color=ORANGE, linewidth=1.5, label=f"all questions {overall:.1%}")
    axes.set_yticks(places, [f"{name}  (n={group.questions})" for name, group in ordered])
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel(f"accuracy, with {result.accuracy.level:.0%} interval")
    axes.set_title(f"Accuracy by {grouping}: {_subject(result)}")
    _legend_below(axes)
    return figure


def _reliability_figure(result: EvaluationResult, records: Sequence[QuestionRecord]) -> Figure:
    """Confidence against accuracy; on the diagonal a confidence means what it says."""
    figure, axes = _blank(height_inches=5.6)
    bins = reliability(records)
    axes.bar(
        [one.lower for one in bins],
        [one.accuracy for one in bins],
        width=[one.upper - one.lower for one in bins],
        align="edge",
        color=BLUE,
        alpha=0.75,
        edgecolor="white",
        label="accuracy",
    )
    bounds = [wilson(one.correct, one.questions, result.accuracy.level) for one in bins]
    axes.errorbar(
        [one.confidence for one in bins],
        [bound.estimate for bound in bounds],
        yerr=[
            [bound.estimate - bound.lower for bound in bounds],
            [bound.upper - bound.estimate for bound in bounds],
        ],
        color=ORANGE,
        fmt="o",
        elinewidth=1.2,
        capsize=3,
        label=f"at mean confidence, {result.accuracy.level:.0%} interval",
    )
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="calibrated")
    for one in bins:
        middle = (one.lower + one.upper) / 2
        axes.annotate(f"n={one.questions}", (middle, 0.015), ha="center", fontsize=8, color="black")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    axes.set_title(f"Reliability: {_subject(result)}")
    _legend_below(axes)
    return figure


def _blank(height_inches: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return figure, axes


def _legend_below(axes: Axes) -> None:
    """Under the axis: inside it would hide a bar of some evaluation or other."""
    axes.figure.legend(loc="outside lower center", ncols=3, frameon=False)


def _subject(result: EvaluationResult) -> str:
    scored = result.questions - result.unscored
    return f"{result.digest[7:15]} on {result.suite}, {scored} questions"
