"""How a version lies inside a bento."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bentos.packed import CHECKPOINT_FOLDER, VERSION_FILE, check_packed, read_version
from contracts.errors import CheckpointInvalid, DigestMismatch
from contracts.models import VersionFacts


@pytest.fixture
def folder(tmp_path: Path, checkpoint: Path, facts: VersionFacts) -> Path:
    shutil.copytree(checkpoint, tmp_path / CHECKPOINT_FOLDER)
    (tmp_path / VERSION_FILE).write_text(facts.model_dump_json())
    return tmp_path


def test_no_facts_are_no_version(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match=r"version\.json cannot be read"):
        read_version(tmp_path)


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff", b'{"model": "x", "digest": "md5:1"}'])
def test_damaged_facts_are_no_version(folder: Path, text: bytes) -> None:
    (folder / VERSION_FILE).write_bytes(text)
    with pytest.raises(CheckpointInvalid, match=r"version\.json cannot be read"):
        read_version(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "proctor.json"])
def test_a_changed_byte_is_found(folder: Path, name: str) -> None:
    path = folder / CHECKPOINT_FOLDER / name
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises((DigestMismatch, CheckpointInvalid)):
        check_packed(folder)


def test_an_added_file_is_found(folder: Path) -> None:
    (folder / CHECKPOINT_FOLDER / "extra.json").write_text("{}")
    with pytest.raises(DigestMismatch):
        check_packed(folder)


def test_what_was_packed_passes(folder: Path, facts: VersionFacts) -> None:
    assert check_packed(folder) == facts
