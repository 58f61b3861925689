"""A file that is written piece by piece is there whole, or was not touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.files import writing_atomically


def test_a_stream_becomes_the_file_when_its_block_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rows.jsonl"
    with writing_atomically(path) as stream:
        stream.write(b"one\n")
        assert not path.exists()
        stream.write(b"two\n")
    assert path.read_text() == "one\ntwo\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_fails_leaves_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old")

    def write() -> None:
        with writing_atomically(path) as stream:
            stream.write(b"x" * 100_000)
            raise ValueError("bad row")

    with pytest.raises(ValueError, match="bad row"):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
