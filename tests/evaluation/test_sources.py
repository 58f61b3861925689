from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import ResultsInvalid, TrackingAway
from evaluation.results import records_text
from evaluation.sources import load_records
from tests.evaluation.making import make_records
from tests.waiting import free_port

RUN_ID = "0123456789abcdef0123456789abcdef"


def test_a_name_that_is_no_run_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(ResultsInvalid, match="no such file"):
        load_records(str(tmp_path / "records.jsonl"), "http://127.0.0.1:1")


def test_a_file_is_read_without_asking_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = make_records([True, None])
    for name in ("records.jsonl", RUN_ID):
        (tmp_path / name).write_text(records_text(records))
    assert load_records(str(tmp_path / "records.jsonl"), "http://127.0.0.1:1") == records
    monkeypatch.chdir(tmp_path)
    assert load_records(RUN_ID, "http://127.0.0.1:1") == records


def test_a_run_is_asked_of_mlflow() -> None:
    uri = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(TrackingAway) as caught:
        load_records(RUN_ID, uri)
    assert caught.value.uri == uri


def test_a_report_beside_its_records_tells_how_they_were_had(tmp_path: Path) -> None:
    from contracts.reports import Way
    from evaluation.report.build import Extras, build_report
    from evaluation.results import records_text, write_shape
    from evaluation.sources import load_examined
    from tests.evaluation.making import make_evaluation, make_records

    records = make_records([True, False])
    path = tmp_path / "records.jsonl"
    path.write_text(records_text(records))
    assert load_examined(str(path), "unused").header is None
    extras = Extras(way=Way(protocol="generate"))
    report = build_report(make_evaluation(records), records, (), extras=extras)
    write_shape(tmp_path / "report" / "report.json", report)
    assert load_examined(str(path), "unused").header == report.header
    path.write_text(records_text(make_records([True, True])))
    assert load_examined(str(path), "unused").header is None
