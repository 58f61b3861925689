"""A base as it is becomes a checkpoint, by links, and the base stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from contracts.digests import digest_of_folder
from contracts.models import CHECKPOINT_FACTS_FILE, ScoringMethod
from mcq.checkpoint import checkpoint_digest, read_facts
from mcq.prompts import DEFAULT_TEMPLATE
from tests.checkpoints import make_tiny_base, make_tiny_checkpoint
from training.bases.checkpoint import write_base_checkpoint
from training.bases.folder import Base
from training.bases.links import link_file


def base_of(folder: Path, scoring: ScoringMethod = "letter") -> Base:
    return Base("tiny", scoring, folder, digest_of_folder(folder), {"source": "folder"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_tiny_base(tmp_path / "base", shard_size="30KB")
    return tmp_path / "base"


def test_an_incomplete_base_leaves_the_old_checkpoint(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "checkpoint"
    before = write_base_checkpoint(base_of(folder), target)
    base = base_of(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(Exception, match=r"tokenizer\.json is missing"):
        write_base_checkpoint(base, target)
    assert checkpoint_digest(target) == before
    assert [path.name for path in target.parent.iterdir()] == ["checkpoint"]


@pytest.mark.parametrize("scoring", ["text", "letter"])
def test_facts_say_how_it_is_asked(folder: Path, tmp_path: Path, scoring: ScoringMethod) -> None:
    target = tmp_path / "checkpoint"
    digest = write_base_checkpoint(base_of(folder, scoring), target)
    facts = read_facts(target)
    assert facts.model_dump() == {
        "format": 1,
        "profile": "tiny",
        "scoring": scoring,
        "template": DEFAULT_TEMPLATE[scoring],
    }
    assert checkpoint_digest(target) == digest


def test_no_second_copy_of_the_weights(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "checkpoint"
    write_base_checkpoint(base_of(folder), target)
    names = {path.name for path in folder.iterdir()}
    assert {path.name for path in target.iterdir()} == {*names, CHECKPOINT_FACTS_FILE}
    assert all((folder / name).samefile(target / name) for name in names)


def test_hidden_files_are_no_part_of_it(folder: Path, tmp_path: Path) -> None:
    """As ``hf download --local-dir`` leaves them: times of day, another on every machine."""
    plain = write_base_checkpoint(base_of(folder), tmp_path / "plain")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "config.json.metadata").write_text("1764038400")
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    assert write_base_checkpoint(base_of(folder), tmp_path / "cluttered") == plain


def test_a_checkpoint_taken_as_a_base_keeps_its_own_facts(tmp_path: Path) -> None:
    """``proctor.json`` of the base is not written through its link."""
    make_tiny_checkpoint(tmp_path / "base", scoring="text")
    before = digest_of_folder(tmp_path / "base")
    write_base_checkpoint(base_of(tmp_path / "base", "letter"), tmp_path / "checkpoint")
    assert digest_of_folder(tmp_path / "base") == before
    assert read_facts(tmp_path / "checkpoint").scoring == "letter"


def test_a_link_points_to_what_a_symbolic_link_means(tmp_path: Path) -> None:
    """As the hub's cache has it: snapshots are symbolic links to blobs."""
    blob = tmp_path / "blob"
    blob.write_text("weights")
    (tmp_path / "name").symlink_to(blob)
    link_file(tmp_path / "name", tmp_path / "out" / "name")
    assert not (tmp_path / "out" / "name").is_symlink()
    assert (tmp_path / "out" / "name").samefile(blob)


def test_across_file_systems_it_is_a_copy(tmp_path: Path) -> None:
    other = Path("/dev/shm")  # noqa: S108 - another file system, where there is one
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    (tmp_path / "name").write_text("weights")
    folder = other / f"proctor-links-{tmp_path.name}"
    try:
        link_file(tmp_path / "name", folder / "name")
        assert (folder / "name").read_text() == "weights"
        assert not (folder / "name").samefile(tmp_path / "name")
    finally:
        shutil.rmtree(folder)
