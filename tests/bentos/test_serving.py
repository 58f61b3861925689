"""Finding the folder to serve from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bentos.archive import bento_digest, packed_model
from bentos.build import BuiltBento
from bentos.packed import CHECKPOINT_FOLDER
from bentos.serving import serve_command, unpacked
from contracts.errors import BentoInvalid, DigestMismatch


@pytest.mark.parametrize("name", ["gone.bento", "empty"])
def test_what_is_no_bento_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BentoInvalid):
        unpacked(tmp_path / name, tmp_path / "home")


def test_a_bento_of_another_digest_is_refused(built: BuiltBento, tmp_path: Path) -> None:
    with pytest.raises(DigestMismatch, match="build it again"):
        unpacked(built.path, tmp_path, expected_digest="sha256:" + "0" * 64)


def test_a_file_is_unpacked_once(built: BuiltBento, tmp_path: Path) -> None:
    folder = unpacked(built.path, tmp_path, expected_digest=built.digest)
    assert bento_digest(folder) == built.digest
    (folder / "mark").touch()
    assert unpacked(built.path, tmp_path) == folder
    assert (folder / "mark").exists()


def test_what_is_damaged_is_unpacked_again(built: BuiltBento, tmp_path: Path) -> None:
    folder = unpacked(built.path, tmp_path)
    (packed_model(folder) / CHECKPOINT_FOLDER / "config.json").write_text("{}")
    assert unpacked(built.path, tmp_path, expected_digest=built.digest) == folder


def test_a_folder_is_served_where_it_is(unpacked_once: Path, tmp_path: Path) -> None:
    assert unpacked(unpacked_once, tmp_path) == unpacked_once
    assert not list(tmp_path.iterdir())


def test_the_command_runs_the_code_that_the_bento_carries(unpacked_once: Path) -> None:
    command = serve_command(unpacked_once, host="127.0.0.1", port=3001)
    program = Path(command[1])
    assert command[0] == sys.executable
    assert program.is_file()
    assert program.is_relative_to(unpacked_once)
    assert command[2] == str(unpacked_once)
    assert command[command.index("--port") + 1] == "3001"
