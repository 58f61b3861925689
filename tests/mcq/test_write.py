"""Banks and imported questions are written whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from contracts.digests import digest_of_file
from contracts.errors import BadInput, BadRow
from mcq.bank.build import SPLITS, Bank, build_bank
from mcq.loaders import load_questions
from mcq.write import FILES, import_questions, manifest_of, write_bank
from tests.environments import unmeasured

ROOT = Path(__file__).parents[2]
ROW = '{"id": "ID", "stem": "What?", "choices": ["a", "b"], "answer": "A"}'

# RLIMIT_FSIZE makes the kernel refuse the write itself, as a full disk does.
NO_SPACE = """
import json, resource, signal, sys
from pathlib import Path
from contracts.errors import StorageFull
from mcq.bank.build import Bank
from mcq.write import write_bank
bank = Bank(1, json.load(sys.stdin))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_bank(bank, Path(sys.argv[1]))
except StorageFull as error:
    sys.exit(str(error))
"""


@pytest.fixture(scope="module")
def bank() -> Bank:
    return build_bank(150, 5, workers=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_without_space_the_old_bank_stays_whole(tmp_path: Path, bank: Bank) -> None:
    out = tmp_path / "questions"
    write_bank(build_bank(24, 6, workers=1), out)
    before = contents(out)
    done = subprocess.run(
        [sys.executable, "-c", NO_SPACE, str(out)],
        input=json.dumps(bank.rows),
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "no space is left" in done.stderr
    assert contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["questions"]


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, bank: Bank) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match=r"thesis\.txt"):
        write_bank(bank, tmp_path)
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path, bank: Bank) -> None:
    (tmp_path / "questions").write_text("mine")
    with pytest.raises(BadInput, match="is a file"):
        write_bank(bank, tmp_path / "questions")
    assert contents(tmp_path) == {"questions": b"mine"}


def test_a_bank_is_written_and_replaced_whole(tmp_path: Path, bank: Bank) -> None:
    out = tmp_path / "deep" / "questions"
    write_bank(build_bank(24, 6, workers=1), out)
    manifest = write_bank(bank, out)
    assert set(contents(out)) == FILES
    assert json.loads((out / "manifest.json").read_text()) == manifest == manifest_of(bank)
    assert [path.name for path in out.parent.iterdir()] == ["questions"]
    for split in SPLITS:
        loaded = load_questions(out / f"{split}.jsonl")
        assert [q.id for q in loaded] == [row["id"] for row in bank.rows[split]]


def test_the_same_bank_is_the_same_bytes(tmp_path: Path, bank: Bank) -> None:
    write_bank(bank, tmp_path / "one")
    write_bank(bank, tmp_path / "other")
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_the_manifest_counts_and_digests_what_is_there(tmp_path: Path, bank: Bank) -> None:
    manifest = write_bank(bank, tmp_path / "questions")
    assert (manifest["recipe"], manifest["seed"], manifest["questions"]) == (
        "proctor-bank-2",
        5,
        150,
    )
    for split in SPLITS:
        facts, path = manifest["splits"][split], tmp_path / "questions" / f"{split}.jsonl"
        loaded = load_questions(path)
        assert facts["questions"] == len(loaded)
        assert facts["digest"] == digest_of_file(path)
        assert facts["letters"] == Counter(question.answer for question in loaded)
        assert {
            (family, difficulty): count
            for family, levels in facts["families"].items()
            for difficulty, count in levels.items()
        } == Counter((question.family, question.difficulty) for question in loaded)


# ------------------------------------------------------------------ importing files


def write(path: Path, *ids: str) -> Path:
    path.write_text("\n".join(ROW.replace("ID", identity) for identity in ids))
    return path


def test_one_bad_row_and_nothing_is_written(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "good.jsonl", "q1"), tmp_path / "bad.csv"
    bad.write_text("What?,a,b,A\nWhat?,a,b,X\n")
    out = tmp_path / "all.jsonl"
    out.write_text("old")
    with pytest.raises(BadRow, match=r"bad\.csv:2"):
        import_questions([good, bad], out)
    assert out.read_text() == "old"


def test_an_id_in_two_files_is_refused_with_both(tmp_path: Path) -> None:
    one, other = write(tmp_path / "1.jsonl", "q1", "q2"), write(tmp_path / "2.jsonl", "q3", "q2")
    with pytest.raises(
        BadInput, match=r"2\.jsonl:2: the id q2 stands in line 2 of .*1\.jsonl, too"
    ):
        import_questions([one, other], tmp_path / "all.jsonl")
    assert not (tmp_path / "all.jsonl").exists()


def test_bad_rows_are_skipped_and_listed_when_asked_for(tmp_path: Path) -> None:
    one = write(tmp_path / "1.jsonl", "q1", "q2")
    other = tmp_path / "2.jsonl"
    other.write_text(f"{ROW.replace('ID', 'q2')}\n{{}}\n\n{ROW.replace('ID', 'q3')}\n")
    out = tmp_path / "all.jsonl"
    reading = import_questions([one, other], out, skip_bad=True)
    assert [question.id for question in load_questions(out)] == ["q1", "q2", "q3"]
    assert reading.questions == 3
    assert [(bad.place.source, bad.place.line) for bad in reading.skipped] == [
        (str(other), 1),
        (str(other), 2),
    ]
    assert "the id q2 stands in line 2" in reading.skipped[0].reason
    assert reading.skipped[1].reason == "id: Field required"


def test_a_file_of_bad_rows_alone_is_refused_even_then(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{}\n[]\n")
    with pytest.raises(BadInput, match="holds no questions; 2 bad rows were skipped"):
        import_questions([bad], tmp_path / "all.jsonl", skip_bad=True)
    assert sorted(tmp_path.iterdir()) == [bad]


def test_a_file_may_be_imported_onto_itself(tmp_path: Path) -> None:
    """What is read is whole before what is written takes its place."""
    path = write(tmp_path / "1.jsonl", "q1", "q2")
    assert import_questions([path], path).questions == 2
    assert [question.id for question in load_questions(path)] == ["q1", "q2"]


def test_an_import_into_another_form_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "1.jsonl", "q1")
    with pytest.raises(BadInput, match=r"\.jsonl"):
        import_questions([source], tmp_path / "all.csv")


def test_files_of_both_forms_become_one(tmp_path: Path) -> None:
    rows = tmp_path / "subject_test.csv"
    rows.write_text("What?,a,b,A\nWho?,c,d,e,C\n")
    sources = [write(tmp_path / "1.jsonl", "q1"), rows]
    out = tmp_path / "deep" / "all.jsonl"
    assert import_questions(sources, out).questions == 3
    assert load_questions(out) == [q for source in sources for q in load_questions(source)]
