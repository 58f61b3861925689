from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.comparisons import VersionsComparison
from contracts.errors import ResultsInvalid, SuitesDiffer
from contracts.reports import Way
from contracts.verdicts import Comparison
from evaluation.compare import compare_records
from evaluation.report.build import Extras, build_report
from evaluation.results import records_text, write_shape
from evaluation.robustness import robustness_of
from proctor.__main__ import app
from tests.evaluation.making import (
    DIGEST,
    make_evaluation,
    make_questions,
    make_records,
    make_suite,
    write_logged_model,
)

OURS = make_records([True] * 80 + [False] * 20)
THEIRS = make_records([True] * 55 + [False] * 25 + [True] * 8 + [False] * 12)


def run(*words: object, **environment: str) -> Result:
    return CliRunner().invoke(app, ["compare", *map(str, words)], env=environment)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for path, records in zip(paths, (OURS, THEIRS), strict=True):
        path.write_text(records_text(records))
    return paths


def test_a_missing_file_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    error = run(files[0], tmp_path / "none.jsonl").exception
    assert isinstance(error, ResultsInvalid)
    assert error.path == tmp_path / "none.jsonl"


def test_other_questions_are_refused(files: tuple[Path, Path]) -> None:
    files[1].write_text(records_text(THEIRS[:50]))
    error = run(*files).exception
    assert isinstance(error, SuitesDiffer)
    assert "50 questions are only in the first" in str(error)


@pytest.mark.parametrize("confidence", ["0.2", "1.0", "nan"])
def test_an_impossible_confidence_is_bad_usage(files: tuple[Path, Path], confidence: str) -> None:
    assert run(*files, "--confidence", confidence).exit_code == 2


def test_it_prints_a_table_or_json(files: tuple[Path, Path]) -> None:
    table = run(*files)
    assert table.exit_code == 0
    for words in ("+17.00 points", "only the first right", "25", "exact McNemar p", "Holm p"):
        assert words in table.stdout
    assert "(power 80 %, alpha 5 %)" in table.stdout
    assert "(power 80 %, alpha 10 %)" in run(*files, "--confidence", "0.9").stdout
    found = run(*files, "--json", "--confidence", "0.9")
    told = json.loads(found.stdout)
    of_two = {key: told[key] for key in Comparison.model_fields}
    assert Comparison.model_validate(of_two) == compare_records(OURS, THEIRS, 0.9)
    of_many = {key: told[key] for key in VersionsComparison.model_fields}
    assert VersionsComparison.model_validate(of_many).reference == str(files[1])


def test_how_versions_were_asked_is_printed_or_that_it_is_not_told(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    told = run(*files)
    for path in files:
        assert f"{path}: way of asking not told" in told.stderr
    folders = tmp_path / "text", tmp_path / "letter"
    ways = Way(scoring="text", template="code-1"), Way(scoring="letter", template="letter-1")
    for folder, records, way in zip(folders, (OURS, THEIRS), ways, strict=True):
        report = build_report(
            make_evaluation(records),
            records,
            robustness_of(records, seed=1),
            extras=Extras(chance=0.25, way=way),
        )
        write_shape(folder / "report" / "report.json", report)
        (folder / "records.jsonl").write_text(records_text(records))
    told = run(*(folder / "records.jsonl" for folder in folders), "--json")
    assert told.exit_code == 0, told.exception
    assert "not told" not in told.stderr
    asked = [(one["scoring"], one["template"]) for one in json.loads(told.stdout)["versions"]]
    assert asked == [("letter", "letter-1"), ("text", "code-1")]
    page = run(*(folder / "records.jsonl" for folder in folders), "--out", tmp_path / "out")
    assert "code-1" in page.stdout
    assert "letter, letter-1" in (tmp_path / "out" / "comparison.html").read_text()


def test_the_last_is_the_reference_unless_another_is_named(files: tuple[Path, Path]) -> None:
    first, last = map(str, files)
    for words, reference in (
        ((first, last, last), last),
        ((first, last, "--reference", first), first),
        ((first, "--reference", last), last),
    ):
        told = json.loads(run(*words, "--json").stdout)
        assert told["reference"] == told["versions"][0]["name"] == reference
    assert told["difference"]["estimate"] == 0.17


def test_one_version_is_told_to_name_another(files: tuple[Path, Path]) -> None:
    assert "1 versions" in str(run(files[0]).exception)


def test_three_files_are_written(files: tuple[Path, Path], tmp_path: Path) -> None:
    found = run(*files, "--out", tmp_path / "out")
    assert found.exit_code == 0, found.exception
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "comparison.html",
        "comparison.json",
        "comparison.svg",
    ]
    text = (tmp_path / "out/comparison.json").read_text()
    assert VersionsComparison.model_validate_json(text).questions_count == 100


def test_two_that_never_disagree_are_told_so(files: tuple[Path, Path]) -> None:
    assert "so little disagreement" in run(files[0], files[0]).stdout


@pytest.mark.integration
def test_runs_are_compared_by_their_ids(mlflow_server: str, files: tuple[Path, Path]) -> None:
    from evaluation.tracking import EvaluationRun

    suite = make_suite(make_questions(len(OURS)))
    run_ids = []
    for records in (OURS, THEIRS):
        training = write_logged_model(mlflow_server, "compared", DIGEST)
        tracked = EvaluationRun(mlflow_server, training)
        with tracked.ending():
            tracked.start("compared", suite, {}, "d" * 40)
            tracked.log_records(records_text(records), records, suite)
        run_ids.append(tracked.run_id)
    by_run = run(*run_ids, "--json", MLFLOW_TRACKING_URI=mlflow_server)
    assert by_run.exit_code == 0, by_run.exception
    ours, theirs = json.loads(by_run.stdout), json.loads(run(*files, "--json").stdout)
    assert all(ours[key] == theirs[key] for key in Comparison.model_fields)
    assert ours["reference"] == run_ids[1]
