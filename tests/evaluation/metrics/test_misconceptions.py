from __future__ import annotations

import json
from pathlib import Path

import vl_convert

from contracts.verdicts import QuestionRecord
from evaluation.metrics.misconceptions import (
    OTHERS,
    SHOWN,
    misconception_counts,
    shown_misconceptions,
)
from mcq.bank.build import SPLITS, build_bank
from tests.evaluation.making import make_record, make_records

ROOT = Path(__file__).parents[3]


def labelled(*labels: str) -> list[QuestionRecord]:
    return [
        make_record(str(place), False, misconception=label) for place, label in enumerate(labels)
    ]


def test_none_give_none() -> None:
    assert misconception_counts([]) == {}
    assert misconception_counts(make_records([True, False, None])) == {}


def test_the_most_frequent_comes_first_and_ties_are_by_name() -> None:
    records = labelled("slice-end", "off-by-one", "off-by-one", "alias")
    assert list(misconception_counts(records).items()) == [
        ("off-by-one", 2),
        ("alias", 1),
        ("slice-end", 1),
    ]


def test_each_part_of_a_mixture_counts_once_for_its_answer() -> None:
    records = labelled("alias+slice-end", "slice-end", "slice-end+slice-end", "+", " alias + ")
    assert misconception_counts(records) == {"slice-end": 3, "alias": 2}


def test_rare_labels_are_summed_up_as_answers_that_bear_one() -> None:
    records = labelled("a+b", "a+b", "a+c+d", "c", "e")
    assert misconception_counts(records) == {"a": 3, "b": 2, "c": 2, "d": 1, "e": 1}
    # "a+c+d" bears two of the others and counts once.
    assert shown_misconceptions(records, shown=2) == [("a", 3), ("b", 2), ("others", 3)]
    assert shown_misconceptions(records, shown=5) == list(misconception_counts(records).items())
    assert shown_misconceptions([], shown=2) == []


def test_a_mixed_bank_gives_a_plot_that_can_be_read() -> None:
    """All of its wrong choices, each taken once."""
    made = build_bank(400, 3, workers=1)
    rows = [row for split in SPLITS for row in made.rows[split]]
    labels = [label for row in rows for label in row["misconceptions"] if label]
    records = labelled(*labels)
    found = shown_misconceptions(records)
    assert len(found) == SHOWN + 1
    assert [label for label, _ in found[:SHOWN]] == list(misconception_counts(records))[:SHOWN]
    assert not any("+" in label for label, _ in found)
    parts = sum(len(set(label.split("+"))) for label in labels)
    assert sum(misconception_counts(records).values()) == parts
    assert len(labels) > found[-1][1] > found[0][1]


def test_the_bar_of_all_others_does_not_dwarf_the_rest() -> None:
    """``others`` stays in the table and is left out of the drawing."""
    template = (ROOT / ".dvc/plots/count_bars.json").read_text(encoding="utf-8")
    for mark, text in (("Y", "misconception"), ("X", "questions"), ("TITLE", "Chosen most often")):
        template = template.replace(f"<DVC_METRIC_{mark}>", text)
    spec = json.loads(template)
    spec["encoding"].pop("color")
    names = ("alias", "slice-end", OTHERS)
    rows = [{"misconception": name, "questions": 3, "rev": "HEAD"} for name in names]
    drawn = vl_convert.vegalite_to_svg({**spec, "data": {"values": rows}})
    assert [name for name in names if f">{name}</text>" in drawn] == ["alias", "slice-end"]
