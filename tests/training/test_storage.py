from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError

from contracts.digests import digest_of_folder
from contracts.errors import StorageFull
from contracts.models import CheckpointFacts
from contracts.questions import Question
from mcq.checkpoint import checkpoint_digest
from tests.training.making import PROFILE, files_bounded
from training.checkpoint import save_model, write_checkpoint
from training.scratch import build_model, build_tokenizer
from training.storage import tensor_storage_faults

FACTS = CheckpointFacts(profile="tiny", scoring="text", template="code-1")


def write(target: Path, model: Any, tokenizer: Any) -> None:
    write_checkpoint(target, lambda folder: save_model(folder, model, tokenizer, FACTS))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("kind", [SafetensorError, Exception])
def test_a_full_disk_is_read_from_the_text_of_the_error(number: int, kind: type[Exception]) -> None:
    with pytest.raises(StorageFull, match="/x"), tensor_storage_faults(Path("/x")):
        raise kind(f"I/O error: no more (os error {number})")


@pytest.mark.parametrize(
    "error",
    [SafetensorError("I/O error: (os error 5)"), OSError(errno.EIO, "I/O"), ValueError("other")],
)
def test_every_other_fault_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, tensor_storage_faults(Path("/x")):
        raise error
    assert caught.value is error


def test_a_folder_that_cannot_be_copied_for_want_of_space_is_a_full_disk(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "large").write_bytes(bytes(50_000))
    with (
        files_bounded(10_000),
        pytest.raises(StorageFull),
        tensor_storage_faults(tmp_path / "copy"),
    ):
        shutil.copytree(source, tmp_path / "copy")


def test_a_checkpoint_without_space_leaves_the_old_one(
    bank: list[Question], tmp_path: Path
) -> None:
    """Whichever file comes to be the one too large: weights, then the tokenizer."""
    tokenizer = build_tokenizer(bank, PROFILE.vocabulary)
    narrow = PROFILE.model_copy(update={"hidden_size": 8, "intermediate_size": 8})
    model = build_model(narrow, tokenizer, seed=1)
    # More words than the model has rows for: a file larger than the weights.
    tokenizer.add_tokens([f"word{place}" for place in range(400)])
    target = tmp_path / "checkpoint"
    write(target, model, tokenizer)
    before = checkpoint_digest(target)
    weights = (target / "model.safetensors").stat().st_size
    words = (target / "tokenizer.json").stat().st_size
    assert weights < words, "else the second bound is no other case"
    for bound in (weights // 2, (weights + words) // 2):
        with files_bounded(bound), pytest.raises(StorageFull, match=r"checkpoint\.new"):
            write(target, model, tokenizer)
        assert digest_of_folder(target) == before
        assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_checkpoint_takes_the_old_ones_place_whole(bank: list[Question], tmp_path: Path) -> None:
    tokenizer = build_tokenizer(bank, PROFILE.vocabulary)
    target = tmp_path / "checkpoint"
    target.mkdir()
    (target / "stale.bin").write_bytes(b"x")
    (tmp_path / "checkpoint.new").mkdir()
    write(target, build_model(PROFILE, tokenizer, seed=1), tokenizer)
    assert checkpoint_digest(target)
    assert not (target / "stale.bin").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
