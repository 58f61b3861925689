from __future__ import annotations

from evaluation.metrics.misconceptions import misconception_counts
from tests.evaluation.making import make_record, make_records


def test_none_give_none() -> None:
    assert misconception_counts([]) == {}
    assert misconception_counts(make_records([True, False, None])) == {}


def test_the_most_frequent_comes_first_and_ties_are_by_name() -> None:
    labels = ["slice-end", "off-by-one", "off-by-one", "alias"]
    records = [
        make_record(str(place), False, misconception=label) for place, label in enumerate(labels)
    ]
    assert list(misconception_counts(records).items()) == [
        ("off-by-one", 2),
        ("alias", 1),
        ("slice-end", 1),
    ]
