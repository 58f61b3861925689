from __future__ import annotations

import random
from pathlib import Path

import pytest

from evaluation.defaults import LEVEL
from evaluation.metrics.accuracy import accuracy_of
from evaluation.record_spool import record_spool
from evaluation.results import records_text
from tests.evaluation.making import make_records

RECORDS = make_records([True, False, None, True] * 25)


def test_records_come_back_in_the_order_of_places(tmp_path: Path) -> None:
    places = list(range(len(RECORDS)))
    random.Random(0).shuffle(places)
    with record_spool(tmp_path) as spool:
        for place in places:
            spool.put(place, RECORDS[place])
        assert (len(spool), tuple(spool)) == (100, RECORDS)
        assert (spool[0], spool[-1], spool[3:5]) == (RECORDS[0], RECORDS[-1], list(RECORDS[3:5]))
        assert b"".join(spool.lines()).decode() == records_text(RECORDS)
        assert accuracy_of(spool, LEVEL) == accuracy_of(RECORDS, LEVEL)
        with pytest.raises(IndexError):
            spool[100]


def test_reading_and_writing_can_take_turns(tmp_path: Path) -> None:
    with record_spool(tmp_path) as spool:
        for place, record in enumerate(RECORDS):
            spool.put(place, record)
            assert spool[place // 2] == RECORDS[place // 2]
        assert tuple(spool) == RECORDS


def test_a_place_is_written_once_and_not_read_before(tmp_path: Path) -> None:
    with record_spool(tmp_path) as spool:
        spool.put(1, RECORDS[1])
        with pytest.raises(ValueError, match="place 1 has its record"):
            spool.put(1, RECORDS[1])
        with pytest.raises(ValueError, match="place 0 has no record yet"):
            list(spool)


def test_nothing_is_left_on_disk(tmp_path: Path) -> None:
    with record_spool(tmp_path / "new") as spool:
        spool.put(0, RECORDS[0])
    assert list((tmp_path / "new").iterdir()) == []
