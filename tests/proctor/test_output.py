"""Results go to standard output, as they are; everything else to standard error."""

from __future__ import annotations

import json

import pytest

from contracts.verdicts import Interval
from proctor.output import note, print_json, print_table

INTERVAL = Interval(estimate=0.5, lower=0.4, upper=0.6)


def test_json_is_one_document_of_plain_values(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [INTERVAL, (1, None)], "word": "é"})
    out = capsys.readouterr()
    assert json.loads(out.out) == {
        "a": [{"estimate": 0.5, "lower": 0.4, "upper": 0.6, "level": 0.95}, [1, None]],
        "word": "é",
    }
    assert "é" in out.out
    assert out.err == ""


@pytest.mark.parametrize("cell", ["[1, 2]", "[bold]", "['a', 'b']", "[/]", ":smile:", "x" * 60])
def test_a_table_shows_cells_as_they_are(capsys: pytest.CaptureFixture[str], cell: str) -> None:
    print_table("Answers [red]", ["choice", "p"], [[cell, 0.5], ["b", None]])
    out = capsys.readouterr()
    assert cell in out.out
    assert "Answers [red]" in out.out
    assert "None" not in out.out
    assert out.err == ""


def test_a_table_that_nobody_watches_is_not_broken_into_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table("", ["one", "two", "three"], [["1" * 50, "2" * 50, "3" * 50]])
    assert any(
        "1" * 50 in line and "2" * 50 in line and "3" * 50 in line
        for line in capsys.readouterr().out.splitlines()
    )


def test_a_note_goes_to_standard_error_unbroken(capsys: pytest.CaptureFixture[str]) -> None:
    note("[red] " + "word " * 60)
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err == "[red] " + "word " * 60 + "\n"
