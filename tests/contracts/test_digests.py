"""Digests change when, and only when, what they name changes."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.digests import (
    canonical_json,
    digest_of_bytes,
    digest_of_file,
    digest_of_folder,
    digest_of_json,
)

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)
names = st.from_regex(r"[a-z]{1,6}(/[a-z]{1,6})?\.txt", fullmatch=True)
folders = st.dictionaries(names, st.binary(max_size=40), min_size=1, max_size=5)


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_numbers_that_json_lacks_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


def test_canonical_json_is_the_known_text() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": "é"}) == '{"a":"é","b":[1,2.5,null]}'


@given(value=values)
def test_canonical_json_reads_back(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(value=st.dictionaries(st.text(), scalars, min_size=2), seed=st.integers(0, 99))
def test_the_order_of_keys_does_not_count(value: dict[str, object], seed: int) -> None:
    items = list(value.items())
    Random(seed).shuffle(items)
    assert digest_of_json(dict(items)) == digest_of_json(value)


@given(one=values, other=values)
def test_different_values_have_different_digests(one: object, other: object) -> None:
    same = canonical_json(one) == canonical_json(other)
    assert (digest_of_json(one) == digest_of_json(other)) == same


def test_the_empty_digest_is_sha256s() -> None:
    assert digest_of_bytes(b"") == EMPTY


@given(data=st.binary(max_size=200))
def test_a_file_has_the_digest_of_its_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("file") / "f"
    path.write_bytes(data)
    assert digest_of_file(path) == digest_of_bytes(data)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest_of_file(tmp_path / "none")


def test_a_folder_without_files_has_no_digest(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no files"):
        digest_of_folder(tmp_path)


@given(files=folders, seed=st.integers(0, 99))
def test_a_folders_digest_knows_paths_and_bytes_only(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], seed: int
) -> None:
    items = list(files.items())
    Random(seed).shuffle(items)
    first = fill(tmp_path_factory.mktemp("one"), files)
    second = fill(tmp_path_factory.mktemp("other"), dict(items))
    assert digest_of_folder(first) == digest_of_folder(second)


@given(files=folders, data=st.data())
def test_a_change_an_addition_and_a_new_name_each_change_a_folders_digest(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], data: st.DataObject
) -> None:
    folder = fill(tmp_path_factory.mktemp("folder"), files)
    before = digest_of_folder(folder)
    path = folder / data.draw(st.sampled_from(sorted(files)))
    content = path.read_bytes()

    path.write_bytes(content + b"\0")
    assert digest_of_folder(folder) != before
    path.write_bytes(content)
    assert digest_of_folder(folder) == before

    moved = path.with_name("MOVED")
    path.rename(moved)
    assert digest_of_folder(folder) != before
    moved.rename(path)

    (folder / "ADDED").touch()
    assert digest_of_folder(folder) != before


def test_bytes_cannot_wander_from_a_name_into_a_content(tmp_path: Path) -> None:
    one = fill(tmp_path / "one", {"ab": b"c"})
    other = fill(tmp_path / "other", {"a": b"bc"})
    assert digest_of_folder(one) != digest_of_folder(other)


def test_hidden_files_and_folders_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a" / ".cache").mkdir(parents=True)
    (tmp_path / "a" / "weights").write_bytes(b"1")
    plain = digest_of_folder(tmp_path)
    (tmp_path / "a" / ".cache" / "times").write_bytes(b"2")
    (tmp_path / ".gitignore").write_bytes(b"3")
    assert digest_of_folder(tmp_path, hidden=False) == plain
    assert digest_of_folder(tmp_path) != plain


def test_a_folder_of_hidden_files_alone_has_no_digest_without_them(tmp_path: Path) -> None:
    (tmp_path / ".only").write_bytes(b"")
    assert digest_of_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        digest_of_folder(tmp_path, hidden=False)


def test_a_folder_below_a_hidden_one_is_not_hidden_itself(tmp_path: Path) -> None:
    """As ``.proctor/models/...`` is: what counts is the path within the folder."""
    folder = tmp_path / ".home" / "model"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"1")
    assert digest_of_folder(folder, hidden=False) == digest_of_folder(folder)
