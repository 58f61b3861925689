"""Question files: a bad row is refused with file, line and reason; good ones come back whole."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BadInput, BadRow
from contracts.questions import LETTERS, Question
from contracts.sources import QuestionSource
from mcq.loaders import Reading, load_questions, questions_digest

ROOT = Path(__file__).parents[3]
# Five subjects of MMLU, when they lie beside the repository; they are no part of it.
MMLU = ROOT.parent / "shared" / "data" / "mmlu_cs"

GOOD = '{"id": "q1", "stem": "What?", "choices": ["a", "b"], "answer": "A"}'

# Text as a file can hold it; what surrounds it belongs to it.
texts = st.text(min_size=1, max_size=30).filter(lambda text: bool(text.strip()))
choices = st.lists(texts, min_size=2, max_size=10, unique_by=lambda text: text.strip())


@st.composite
def questions(draw: st.DrawFn) -> Question:
    options = draw(choices)
    return Question(
        id=draw(texts),
        stem=draw(texts),
        code=draw(st.none() | st.text(max_size=30)),
        choices=tuple(options),
        answer=draw(st.none() | st.sampled_from(LETTERS[: len(options)])),  # type: ignore[arg-type]
        family=draw(st.none() | texts),
        difficulty=draw(st.none() | texts),
    )


# ------------------------------------------------------------------ JSONL


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b'{"id": "q1"', 1, "Invalid JSON"),
        (b"[1, 2]", 1, "should be an object"),
        (b"null", 1, "should be an object"),
        (b'{"id": "q"}', 1, "stem: Field required"),
        (GOOD.encode() + b"\n\n{}", 3, "id: Field required"),
        (GOOD.encode() + b'\n{"id": "\xff"}\n', 2, "not UTF-8 at byte 8"),
        (GOOD.replace('"A"', '"C"').encode(), 1, "the answer C is not among the choices AB"),
        (GOOD.replace('"A"', '"a"').encode(), 1, "answer: Input should be"),
        (GOOD.replace('"b"', '"a "').encode(), 1, "choices A and B are the same"),
        (GOOD.replace('["a", "b"]', '["a"]').encode(), 1, "choices: Tuple should have at least 2"),
        (GOOD.replace('"q1"', "7").encode(), 1, "id: Input should be a valid string"),
        (GOOD.replace('"id"', '"gold": 1, "id"').encode(), 1, "gold: Extra inputs"),
        (f"{GOOD}\n{GOOD}".encode(), 2, "the id q1 stands in line 1, too"),
        (b'{"id": "\\ud800"}', 1, "id: Input should be a valid string"),
    ],
)
def test_a_bad_line_is_refused_by_file_line_and_reason(
    tmp_path: Path, content: bytes, line: int, reason: str
) -> None:
    path = tmp_path / "bank.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadRow) as caught:
        load_questions(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bank.txt", GOOD, ".jsonl, .ndjson, .json, .csv, .parquet"),
        ("bank.JSONL", GOOD, ".jsonl, .ndjson"),
        ("empty.jsonl", "", "holds no questions"),
        ("blank.jsonl", "\n \n", "holds no questions"),
        ("empty.csv", "", "holds no questions"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, name: str, content: str, reason: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        load_questions(path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (1, "1 bad row was skipped:\n  {0}:1: {1}"),
        (3, "3 bad rows were skipped:\n  {0}:1: {1}\n  {0}:2: {1}\n  {0}:3: {1}"),
        (5, "5 bad rows were skipped:\n  {0}:1: {1}\n  {0}:2: {1}\n  {0}:3: {1}\n  and 2 more"),
    ],
)
def test_when_every_row_was_skipped_the_first_reasons_are_told(
    tmp_path: Path, bad: int, told: str
) -> None:
    path = tmp_path / "bank.jsonl"
    path.write_text("[]\n" * bad)
    with pytest.raises(BadInput) as caught:
        list(Reading([QuestionSource(path=str(path))], skip_bad=True))
    reason = "a row should be an object"
    assert caught.value.fact == f"{path} holds no questions; {told.format(path, reason)}"


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("nothere.csv", "Check the path"),
        ("nothere", "Check the path"),
        ("data/nothere.parquet", "Check the path"),
        ("/nowhere/deep", "Check the path"),
        ("data/questions/test.jsonl", "`proctor questions build` makes"),
        ("cais/mmlu", "hf://cais/mmlu@REVISION"),
    ],
)
def test_what_is_not_there_is_told_so_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mend: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=f"{name}: there is no such file or folder") as caught:
        load_questions(Path(name))
    assert mend in caught.value.mend
    assert ("questions build" in caught.value.mend) == name.endswith("test.jsonl")


def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        load_questions(tmp_path / "pipe.csv")


@given(written=st.lists(questions(), min_size=1, max_size=5, unique_by=lambda q: q.id))
def test_jsonl_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[Question]
) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "bank.jsonl"
    path.write_text(
        "\n\n".join(question.model_dump_json() for question in written), encoding="utf-8"
    )
    assert load_questions(path) == written


# ------------------------------------------------------------------ MMLU's CSV


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("What?,a,b,C\n", 1, "the answer C is not among the choices AB"),
        ("What?,a,b,a\n", 1, "answer: Input should be"),
        ("What?,a,b,\n", 1, "answer: Input should be"),
        ("What?,a,A\n", 1, "1 choices, where 2 to 10 are wanted"),
        ("What?\n", 1, "0 choices"),
        ("What?," + ",".join(map(str, range(11))) + ",A\n", 1, "11 choices"),
        ("What?,a,a,A\n", 1, "choices A and B are the same"),
        ("What?,a,,A\n", 1, "choices.1: String should have at least 1 character"),
        (" ,a,b,A\n", 1, "the stem is blank"),
        ("One?,a,b,A\nTwo?,a,b,X\n", 2, "answer: Input should be"),
        ('"One\ntwo\nthree?",a,b,A\n\nFour?,a,b,X\n', 5, "answer: Input should be"),
        ('"One\ntwo?",a,b,X\n', 1, "answer: Input should be"),
        ('One?,a,b,A\n"Two?,a,b,A\n', 2, "unexpected end of data"),
        ('One?,a,b,A\n"Two?"x,a,b,A\n', 2, "expected after"),
    ],
)
def test_a_bad_csv_row_is_refused_where_it_begins(
    tmp_path: Path, content: str, line: int, reason: str
) -> None:
    path = tmp_path / "subject_test.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadRow) as caught:
        load_questions(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert reason in caught.value.reason


def test_a_csv_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "subject.csv"
    # Far enough down that reading ahead would name another line.
    good = b"".join(b"Question %d?,a,b,A\n" % number for number in range(40))
    path.write_bytes(good + b"Tw\xff?,a,b,A\n")
    with pytest.raises(BadRow, match="not UTF-8 at byte 2") as caught:
        load_questions(path)
    assert caught.value.line == 41


def test_a_csv_row_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "subject.csv"
    path.write_text("One?,a,b,A\nOne?,a,b,A\n")
    with pytest.raises(BadRow, match="stands in line 1, too") as caught:
        load_questions(path)
    assert caught.value.line == 2


def test_a_csv_row_becomes_a_question_of_its_subject(tmp_path: Path) -> None:
    for name in ("computer_security_test.csv", "computer_security_dev.csv"):
        path = tmp_path / name
        path.write_text('﻿What is "it"?,x,y,z, B \n', encoding="utf-8")
        (question,) = load_questions(path)
        assert (question.stem, question.choices) == ('What is "it"?', ("x", "y", "z"))
        assert (question.answer, question.gold) == ("B", 1)
        assert (question.family, question.difficulty) == ("computer_security", None)


def test_an_mmlu_id_is_the_content(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("One?,a,b,A\nTwo?,a,b,A\nTwo?,b,a,B\n")
    ids = [question.id for question in load_questions(path)]
    assert len(set(ids)) == 3
    path.write_text("Two?,a,b,A\n")
    assert load_questions(path)[0].id == ids[1]


@given(
    rows=st.lists(
        st.tuples(texts, choices), min_size=1, max_size=4, unique_by=lambda row: (row[0], *row[1])
    )
)
def test_a_csv_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]]
) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    for stem, options in rows:
        writer.writerow([stem, *options, LETTERS[len(options) - 1]])
    path = tmp_path_factory.mktemp("csv") / "subject.csv"
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    loaded = load_questions(path)
    assert [(q.stem, list(q.choices)) for q in loaded] == rows
    assert all(q.gold == len(q.choices) - 1 for q in loaded)


@pytest.mark.skipif(not MMLU.is_dir(), reason="MMLU's files do not lie beside the repository")
def test_mmlu_itself_loads() -> None:
    counts = {
        split: sum(len(load_questions(path)) for path in sorted((MMLU / split).glob("*.csv")))
        for split in ("test", "dev")
    }
    assert counts == {"test": 557, "dev": 25}


# ------------------------------------------------------------------ digests of questions


def question(**changes: Any) -> Question:
    return Question.model_validate({**json.loads(GOOD), **changes})


def test_the_digest_is_of_the_questions_not_of_their_file(tmp_path: Path) -> None:
    tight, loose = tmp_path / "tight.jsonl", tmp_path / "loose.jsonl"
    tight.write_text(json.dumps(json.loads(GOOD), separators=(",", ":")))
    loose.write_text("\n" + json.dumps(json.loads(GOOD), sort_keys=True) + "\n\n")
    assert questions_digest(load_questions(tight)) == questions_digest(load_questions(loose))


@pytest.mark.parametrize(
    "change",
    [{"id": "q2"}, {"stem": "Who?"}, {"choices": ["b", "a"]}, {"answer": "B"}, {"code": "x"}],
)
def test_every_part_of_a_question_is_in_the_digest(change: dict[str, Any]) -> None:
    assert questions_digest([question(**change)]) != questions_digest([question()])


def test_the_digest_of_a_question_stays_what_it_is() -> None:
    """Suites are pinned to it: a new field must be absent, as ``None``, where it says nothing."""
    assert (
        questions_digest([question()])
        == "sha256:7ae875f045935e6da328b5be3f2b6f3dedbfa9ea3b5ca61126ccda3da33a18ff"
    )


def test_the_order_of_questions_is_in_the_digest() -> None:
    one, other = question(), question(id="q2")
    assert questions_digest([one, other]) != questions_digest([other, one])
