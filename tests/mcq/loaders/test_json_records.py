"""JSON Lines and JSON arrays, read element by element."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcq.loaders.json_records import json_array, json_lines
from mcq.loaders.rows import Bad, Record
from tests.mcq.loaders.drawing import json_values

objects = st.dictionaries(st.text(max_size=5), json_values, max_size=4)


def read(path: Path) -> list[tuple[int, Any]]:
    reader = json_array if path.suffix == ".json" else json_lines
    return [
        (found.place.line, found.reason if isinstance(found, Bad) else dict(found.fields))
        for found in reader(path)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[]", []),
        (" [ ] \n", []),
        ('[{"a": 1}]', [(1, {"a": 1})]),
        ('\ufeff[{"a": 1},{"a": 2}]', [(1, {"a": 1}), (1, {"a": 2})]),
        ('[\n{"a": 1},\n\n{"a":\n2}\n, {"a": 3}]', [(2, {"a": 1}), (4, {"a": 2}), (6, {"a": 3})]),
        (
            '[{"a": 1}, 7, {"a": 2}]',
            [(1, {"a": 1}), (1, "a row should be an object"), (1, {"a": 2})],
        ),
    ],
)
def test_an_array_gives_its_elements_with_their_lines(
    tmp_path: Path, text: str, found: list[tuple[int, Any]]
) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text, encoding="utf-8")
    assert read(path) == found


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "[ is wanted, not the end"),
        ('{"a": 1}', 1, "[ is wanted, not {"),
        ('[{"a": 1}\n', 2, ", or ] is wanted, not the end"),
        ('[{"a": 1}\n{"a": 2}]', 2, ", or ] is wanted, not {"),
        ('[{"a": 1},\n]', 2, "Expecting value"),
        ('[{"a": 1}]\n[]', 2, "the end is wanted, not ["),
        ('[{"a": 1},\n{"a": NaN}]', 2, "NaN is no JSON"),
        ('[{"a": 1},\n{"a" 2}]', 2, "Expecting ':'"),
        ('[{"a": ' + "[" * 100_000, 1, "nested too deeply"),
    ],
)
def test_what_is_no_array_ends_in_one_bad_row(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text, encoding="utf-8")
    *before, last = read(path)
    assert all(isinstance(fields, dict) for _, fields in before)
    assert last[0] == line
    assert last[1].startswith("Invalid JSON: ")
    assert reason in last[1]
    assert last[1].endswith("nothing after it was read")


def test_an_array_that_is_not_utf_8_ends_in_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(b'[{"a": 1}, {"a": "\xff"}]')
    assert [line for line, _ in read(path)] == [1]
    assert "not UTF-8" in read(path)[-1][1]


@given(rows=st.lists(objects, max_size=5), size=st.integers(1, 9), indent=st.none() | st.just(1))
def test_an_array_is_the_same_whatever_pieces_it_is_read_in(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, Any]],
    size: int,
    indent: int | None,
) -> None:
    path = tmp_path_factory.mktemp("json") / "rows.json"
    text = json.dumps(rows, indent=indent, ensure_ascii=False)
    if "NaN" in text or "Infinity" in text:
        text = json.dumps([{}])
    path.write_text(text, encoding="utf-8", errors="replace")
    expected = json.loads(path.read_text(encoding="utf-8"))
    found = list(json_array(path, piece_bytes=size))
    assert [one.fields for one in found if isinstance(one, Record)] == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Invalid JSON"),
        ("7", "a row should be an object"),
        ('{"a": NaN}', "NaN is no JSON"),
        ('{"a": ' + "9" * 5_000 + "}", "Invalid JSON: Exceeds the limit"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"a": 1} {"a": 2}', "Extra data"),
    ],
)
def test_what_comes_after_a_bad_line_is_read(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"a": 1}}\n{line}\n\n{{"a": 2}}')
    first, bad, last = json_lines(path)
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert (first.place.line, last.place.line) == (1, 4)
    assert isinstance(bad, Bad)
    assert bad.place.line == 2
    assert reason in bad.reason
