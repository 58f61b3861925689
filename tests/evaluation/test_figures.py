from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from evaluation.figures import figures_of
from tests.evaluation.making import make_evaluation, make_record


def test_every_figure_is_labelled_and_can_be_saved(tmp_path: Path) -> None:
    records = [
        make_record(
            str(place),
            [True, False, None][place % 3],
            family=f"family {place % 4}",
            difficulty=["easy", "hard"][place % 2],
            confidence=0.3 + place / 200,
        )
        for place in range(100)
    ]
    figures = figures_of(make_evaluation(records), records)
    assert sorted(figures) == [
        "accuracy_by_difficulty.png",
        "accuracy_by_family.png",
        "reliability.png",
    ]
    for name, figure in figures.items():
        (axes,) = figure.axes
        assert axes.get_xlabel()
        assert "67 questions" in axes.get_title()
        figure.savefig(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    bars = figures["accuracy_by_family.png"].axes[0]
    labels = [label.get_text() for label in bars.get_yticklabels()]
    assert sorted(labels) == [f"family {n}  (n={c})" for n, c in enumerate((17, 17, 16, 17))]


def test_no_window_system_is_touched() -> None:
    """pyplot keeps global state and looks for a display: it is never imported here."""
    look = "import sys, evaluation.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


def test_questions_without_groups_have_no_figure_of_groups() -> None:
    records = [make_record("1", True, family=None, difficulty=None)]
    assert list(figures_of(make_evaluation(records), records)) == ["reliability.png"]
