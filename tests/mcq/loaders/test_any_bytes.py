"""Whatever stands in a file, what comes out is rows or a refusal that names the place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.errors import BadInput, BadRow
from contracts.sources import FormatName, QuestionSource
from mcq.loaders import Reading, load_questions
from mcq.loaders.fields import SUFFIXES
from tests.mcq.loaders.drawing import json_values

WITHOUT_LIBRARY = tuple(suffix for suffix in SUFFIXES if suffix != ".parquet")

# Names that some format knows, so that rows get beyond the first check.
NAMES = (
    *("id", "stem", "question", "choices", "answer", "A", "b", "choice_c", "subject"),
    *("task_id", "problem_description", "error_type", "correct_answer", "code", "difficulty"),
)
names = st.sampled_from(NAMES)
lists_as_text = st.lists(st.text(max_size=3), max_size=12).map(repr)
values = (
    json_values
    | lists_as_text
    | st.lists(st.text(max_size=3), max_size=12)
    | st.sampled_from(["A", "K", "0", 1, "ok", "wrong_groundtruth", "[" * 200, "[1e999999]"])
)
records = st.dictionaries(names | st.text(max_size=3), values, max_size=8)
formats = st.none() | st.sampled_from(get_args(FormatName))
labels = st.sampled_from(["leave-out", "correct", "keep"])


def check(path: Path, said: FormatName | None, error_labels: str = "leave-out") -> None:
    """A refusal names the file; skipping bad rows, all others are read; reading is certain."""
    source = QuestionSource.model_validate(
        {"path": str(path), "format": said, "error_labels": error_labels}
    )
    refusal = outcome(lambda: load_questions(source))
    if isinstance(refusal, BadRow):
        assert refusal.path == str(path)
        assert refusal.line >= 1
        assert refusal.reason
        refusal.fact.encode()  # it can be printed
    elif isinstance(refusal, BadInput):
        assert str(path) in refusal.fact
    reading = Reading([source], skip_bad=True)
    rest = outcome(lambda: [question.id for question in reading])
    if isinstance(rest, BadInput):
        assert not isinstance(rest, BadRow)
    else:
        assert rest
        assert len(set(rest)) == len(rest)


def outcome(read: Callable[[], list[Any]]) -> list[Any] | BadInput:
    """What was read, or the refusal; any other error is a fault of the loader."""
    try:
        return read()
    except BadInput as error:
        return error


@given(
    content=st.binary(max_size=300),
    suffix=st.sampled_from(WITHOUT_LIBRARY),
    said=formats,
)
@example(content=b"\xef\xbb\xbf", suffix=".csv", said=None)
@example(content=b'question,answer\n"', suffix=".csv", said=None)
@example(content=b"\x00\n\r\n\r", suffix=".csv", said="mmlu")
@example(content=b"[[[[", suffix=".json", said=None)
@example(content=b'{"id": "\\ud800"}\n{"question": "\\ud800"}', suffix=".jsonl", said=None)
@settings(max_examples=200)
def test_any_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    content: bytes,
    suffix: str,
    said: FormatName | None,
) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"rows{suffix}"
    path.write_bytes(content)
    check(path, said)


@given(
    text=st.text(st.sampled_from("ab,\"\n\r[]{}:'0A \ufeffé"), max_size=80),
    suffix=st.sampled_from(WITHOUT_LIBRARY),
    said=formats,
)
@settings(max_examples=200)
def test_any_text_of_the_marks_that_parsers_look_for(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    suffix: str,
    said: FormatName | None,
) -> None:
    path = tmp_path_factory.mktemp("text") / f"rows{suffix}"
    path.write_text(text, encoding="utf-8", newline="")
    check(path, said)


@given(
    rows=st.lists(records, max_size=4), said=formats, as_array=st.booleans(), error_labels=labels
)
@settings(max_examples=200)
def test_any_json_values_in_the_fields(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, Any]],
    said: FormatName | None,
    as_array: bool,
    error_labels: str,
) -> None:
    folder = tmp_path_factory.mktemp("json")
    if as_array:
        path = folder / "rows.json"
        path.write_text(json.dumps(rows))
    else:
        path = folder / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    check(path, said, error_labels)


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | lists_as_text | names


@given(
    header=st.lists(names, max_size=6, unique_by=str.lower),
    rows=st.lists(st.lists(cells, max_size=7), max_size=4),
    said=formats,
)
@settings(max_examples=200)
def test_any_cells_of_a_csv(
    tmp_path_factory: pytest.TempPathFactory,
    header: list[str],
    rows: list[list[str]],
    said: FormatName | None,
) -> None:
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    # A lone surrogate is what ``repr`` may have left as an escape, never a character.
    path.write_text(out.getvalue(), encoding="utf-8", errors="backslashreplace", newline="")
    check(path, said)


@given(content=st.binary(max_size=200), whole=st.booleans())
@example(content=b"", whole=False)
@settings(max_examples=25)
def test_any_bytes_as_parquet(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, whole: bool
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    path.write_bytes(b"PAR1" + content + b"PAR1" if whole else content)
    check(path, None)
