"""Drawings of pages: SVG that takes the page's colour and can be read on a phone.

Matplotlib is imported in this file only, without pyplot: no window, no global state.

``INK`` stands for the colour of text while matplotlib draws and becomes ``currentColor``.
Text is never taken for mathematics, ids are made unique, nothing names a time of day.

Source: https://matplotlib.org/stable/users/explain/customizing.html
"""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from contracts.comparisons import VersionsComparison
from contracts.robustness import ReliabilityBin
from contracts.verdicts import Interval
from evaluation.colours import BLUE, ORANGE
from evaluation.page import cleaned
from evaluation.sources import RUN_ID
from stats.intervals import wilson

INK: Final = "#010203"
# A phone shows 4.4 inches at four fifths of their size: letters stay readable.
WIDTH_INCHES: Final = 4.4
LONGEST_LABEL: Final = 28
RUN_DIGITS: Final = 8
SVG: Final = "http://www.w3.org/2000/svg"
SETTINGS: Final[dict[Any, Any]] = {
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "proctor",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.size": 9,
}


def difference_drawing(found: VersionsComparison) -> str:
    """The differences to the reference in points, with Tango's interval."""
    names = short_names([one.name for one in found.versions])
    rows = [(names[one.name], one.comparison.difference) for one in found.against]
    with _drawn(len(rows)) as (figure, axes):
        _intervals(axes, rows, 100.0)
        axes.axvline(0.0, color=ORANGE, linewidth=1.2)
        axes.set_xlabel("points more than the reference")
        return svg_text(figure, "differences")


def accuracy_drawing(
    rows: Sequence[tuple[str, Interval]], name: str, chance: float | None = None
) -> str:
    """Accuracies with Wilson's interval, the first row on top."""
    with _drawn(len(rows)) as (figure, axes):
        _intervals(axes, rows, 1.0)
        if chance is not None:
            axes.axvline(chance, color=ORANGE, linewidth=1.2, linestyle=":")
        # A little more than 0 to 1, so that a point at either end is whole.
        axes.set_xlim(-0.02, 1.02)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel("accuracy" + ("" if chance is None else "; dotted: chance"))
        return svg_text(figure, name)


def reliability_drawing(bins: Sequence[ReliabilityBin], level: float) -> str:
    """Mean confidence against accuracy with Wilson's interval at ``level``; on the dotted line
    a confidence means what it says."""
    ends = [
        wilson(round(one.accuracy * one.questions_count), one.questions_count, level)
        for one in bins
    ]
    with _drawn(8) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=INK, linestyle=":")
        axes.bar(
            [one.lower for one in bins],
            [one.accuracy for one in bins],
            width=0.096,
            align="edge",
            color=BLUE,
            alpha=0.8,
        )
        axes.errorbar(
            [one.mean_confidence for one in bins],
            [one.estimate for one in ends],
            yerr=[
                [one.estimate - one.lower for one in ends],
                [one.upper - one.estimate for one in ends],
            ],
            fmt="o",
            color=ORANGE,
            capsize=3,
        )
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="confidence", ylabel="accuracy")
        return svg_text(figure, "reliability")


def coverage_drawing(curve: Sequence[tuple[float, float]]) -> str:
    """Pairs of coverage and accuracy of the answers kept."""
    with _drawn(8) as (figure, axes):
        axes.plot([one for one, _ in curve], [kept for _, kept in curve], color=BLUE)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="share answered", ylabel="accuracy")
        return svg_text(figure, "coverage")


@contextmanager
def _drawn(rows: int) -> Iterator[tuple[Figure, Axes]]:
    with mpl.rc_context(SETTINGS), warnings.catch_warnings():
        # The reader's fonts draw the text; that ours lacks a glyph is of no matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(WIDTH_INCHES, 0.9 + 0.3 * rows), layout="constrained")
        figure.patch.set_alpha(0.0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0.0)
        axes.spines[["top", "right"]].set_visible(False)
        yield figure, axes


def _intervals(axes: Axes, rows: Sequence[tuple[str, Interval]], times: float) -> None:
    places = range(len(rows), 0, -1)
    middles = [times * found.estimate for _, found in rows]
    axes.errorbar(
        middles,
        list(places),
        xerr=[
            [times * (found.estimate - found.lower) for _, found in rows],
            [times * (found.upper - found.estimate) for _, found in rows],
        ],
        fmt="o",
        color=BLUE,
        capsize=3,
    )
    axes.set_yticks(list(places), [shortened(name) for name, _ in rows])
    axes.set_ylim(0.4, len(rows) + 0.6)


def short_names(names: Sequence[str]) -> dict[str, str]:
    """By name what tables show: of an MLflow run the first digits, of a records file its folder;
    the name itself where two would be shown alike."""
    shown = {name: _short(name) for name in names}
    counted = Counter(shown.values())
    return {name: one if counted[one] == 1 else name for name, one in shown.items()}


def _short(name: str) -> str:
    if RUN_ID.match(name):
        return name[:RUN_DIGITS]
    return name.removesuffix("/records.jsonl") or name


def shortened(name: str) -> str:
    """Of a long name the end."""
    shown = cleaned(name).replace("\n", " ")
    return shown if len(shown) <= LONGEST_LABEL else "…" + shown[1 - LONGEST_LABEL :]


def alone(svg: str) -> str:
    """A drawing as a file of its own: it has no page to take its colours from."""
    return svg.replace("<svg ", '<svg style="color: #1d2329; background: #fff" ', 1)


def svg_text(figure: Figure, name: str) -> str:
    """The drawing as an ``svg`` element whose ids begin with ``name``."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    ET.register_namespace("", SVG)
    root = ET.fromstring(stream.getvalue())  # noqa: S314 - matplotlib's own output
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{SVG}}}metadata":
                parent.remove(child)
        for key, value in list(parent.attrib.items()):
            if key == "id":
                parent.set(key, f"{name}-{value}")
            elif key.endswith("href"):
                # In a page only the plain name is one: its parser knows no namespaces.
                del parent.attrib[key]
                parent.set("href", f"#{name}-{value[1:]}")
            elif "url(#" in value:
                parent.set(key, value.replace("url(#", f"url(#{name}-"))
    root.set("role", "img")
    root.set("aria-label", name)
    return ET.tostring(root, encoding="unicode").replace(INK, "currentColor")
