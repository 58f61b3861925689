"""A checkpoint folder is complete, or refused; an altered byte is seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from contracts.errors import CheckpointInvalid, DigestMismatch
from mcq.checkpoint import (
    REQUIRED,
    WEIGHTS,
    WEIGHTS_INDEX,
    check_digest,
    checkpoint_digest,
    read_facts,
    weight_files,
)

FACTS = {"format": 1, "profile": "nano", "scoring": "text", "template": "code-1"}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Complete as far as a folder can be told without loading it."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in REQUIRED:
        (folder / name).write_text("{}")
    (folder / "proctor.json").write_text(json.dumps(FACTS))
    return folder


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_file_is_named(checkpoint: Path, name: str) -> None:
    (checkpoint / name).unlink()
    with pytest.raises(CheckpointInvalid, match=f"{name} is missing") as caught:
        checkpoint_digest(checkpoint)
    assert caught.value.path == checkpoint
    assert "proctor train" in caught.value.mend


def test_no_folder_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match="is missing"):
        checkpoint_digest(tmp_path / "none")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        json.dumps({**FACTS, "format": 2}).encode(),
        json.dumps({**FACTS, "scoring": "guess"}).encode(),
        json.dumps({**FACTS, "more": 1}).encode(),
        json.dumps({key: FACTS[key] for key in FACTS if key != "template"}).encode(),
    ],
)
def test_facts_that_cannot_be_read_are_refused(checkpoint: Path, content: bytes) -> None:
    (checkpoint / "proctor.json").write_bytes(content)
    with pytest.raises(CheckpointInvalid, match=r"proctor\.json cannot be read"):
        read_facts(checkpoint)


def test_facts_are_read(checkpoint: Path) -> None:
    assert read_facts(checkpoint).model_dump() == FACTS


@pytest.mark.parametrize("name", REQUIRED)
def test_one_altered_byte_is_seen(checkpoint: Path, name: str) -> None:
    digest = checkpoint_digest(checkpoint)
    assert check_digest(checkpoint, digest) == digest
    with (checkpoint / name).open("a") as stream:
        stream.write(" ")
    with pytest.raises(DigestMismatch) as caught:
        check_digest(checkpoint, digest)
    assert caught.value.expected == digest
    assert caught.value.found == checkpoint_digest(checkpoint)
    assert "altered" in caught.value.mend


def test_an_added_file_is_seen_and_a_copy_is_the_same(checkpoint: Path, tmp_path: Path) -> None:
    digest = checkpoint_digest(checkpoint)
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    assert checkpoint_digest(copy) == digest
    (copy / "extra.bin").write_bytes(b"\0")
    with pytest.raises(DigestMismatch):
        check_digest(copy, digest)


# ------------------------------------------------------------------ weights in shards


@pytest.fixture
def sharded(checkpoint: Path) -> Path:
    (checkpoint / WEIGHTS).unlink()
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    for name in names:
        (checkpoint / name).write_text(name)
    weights = {"a": names[1], "b": names[0], "c": names[0]}
    (checkpoint / WEIGHTS_INDEX).write_text(json.dumps({"weight_map": weights}))
    return checkpoint


def test_shards_are_weights(sharded: Path) -> None:
    assert weight_files(sharded) == (
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        WEIGHTS_INDEX,
    )
    assert checkpoint_digest(sharded)


def test_a_missing_shard_is_named(sharded: Path) -> None:
    (sharded / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointInvalid, match=r"00002-of-00002\.safetensors is missing"):
        read_facts(sharded)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ("", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"weight_map": []}', "cannot be read"),
        ('{"weight_map": {}}', "names no weights"),
        ('{"weight_map": {"a": 1}}', "no file beside it"),
        ('{"weight_map": {"a": "../other/model.safetensors"}}', "no file beside it"),
    ],
)
def test_an_index_that_says_nothing_sound_is_refused(sharded: Path, index: str, words: str) -> None:
    (sharded / WEIGHTS_INDEX).write_text(index)
    with pytest.raises(CheckpointInvalid, match=words):
        read_facts(sharded)
