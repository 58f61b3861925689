from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import ResultsInvalid, RunNotFound, TrackingAway
from contracts.reports import Way
from evaluation.report.build import Extras, build_report
from evaluation.results import json_text, records_text, write_shape
from evaluation.robustness import robustness_of
from evaluation.sources import load_examined, load_records
from evaluation.tracking import EvaluationRun, fetch_report
from tests.evaluation.making import (
    DIGEST,
    make_evaluation,
    make_questions,
    make_record,
    make_records,
    make_suite,
    write_logged_model,
)
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
    records = make_records([True, False])
    path = tmp_path / "records.jsonl"
    path.write_text(records_text(records))
    assert load_examined(str(path), "unused").header is None
    extras = Extras(chance=0.25, way=Way(protocol="generate"))
    report = build_report(
        make_evaluation(records), records, robustness_of(records, seed=1), extras=extras
    )
    write_shape(tmp_path / "report" / "report.json", report)
    assert load_examined(str(path), "unused").header == report.header
    path.write_text(records_text(make_records([True, True])))
    assert load_examined(str(path), "unused").header is None


@pytest.mark.integration
def test_a_run_tells_how_its_records_were_had_where_it_has_a_report(
    mlflow_server: str, tmp_path: Path
) -> None:
    questions = make_questions(3)
    records = tuple(make_record(one.id, True) for one in questions)
    training = write_logged_model(mlflow_server, "sources", DIGEST)
    runs = [EvaluationRun(mlflow_server, training) for _ in range(2)]
    for run in runs:
        with run.ending():
            run.start("sources", make_suite(questions), {}, "c" * 40)
            run.log_records(records_text(records), records, make_suite(questions))
            if run is runs[1]:
                report = build_report(
                    make_evaluation(records, run_id=run.run_id),
                    records,
                    robustness_of(records, seed=1),
                    extras=Extras(chance=0.25, way=Way(scoring="text", shots_count=5)),
                )
                run.log_report("<p>page</p>", json_text(report))
    without, having = (load_examined(run.run_id, mlflow_server) for run in runs)
    assert without.records == having.records == records
    assert fetch_report(mlflow_server, runs[0].run_id) is None
    assert without.header is None
    assert having.header is not None
    assert (having.header.run_id, having.header.way.shots_count) == (runs[1].run_id, 5)
    with pytest.raises(RunNotFound):
        load_examined(RUN_ID, mlflow_server)
