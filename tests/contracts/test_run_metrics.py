"""The catalogue and its page agree, and a name tells its unit."""

from __future__ import annotations

from pathlib import Path

from contracts.run_metrics import CATALOGUE, metrics_table

PAGE = Path(__file__).parents[2] / "docs" / "mlflow.md"
# What a name ends in, for each unit that has an ending.
ENDINGS = {
    "ratio": "_ratio",
    "nats a question": "_nats",
    "nats a reply token": "_nats",
    "questions": "_questions",
}


def test_the_page_has_the_catalogue_as_it_is() -> None:
    assert metrics_table() in PAGE.read_text(encoding="utf-8"), "print metrics_table() into it"


def test_a_name_ends_in_its_unit() -> None:
    for one in CATALOGUE:
        ending = ENDINGS.get(one.unit)
        assert ending is None or one.name.endswith(ending), one.name
        assert ending is not None or not one.name.endswith(tuple(ENDINGS.values())), one.name


def test_no_name_is_given_twice() -> None:
    names = [one.name for one in CATALOGUE]
    assert len(set(names)) == len(names)
