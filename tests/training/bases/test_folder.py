"""A folder is a base when nothing is missing and no code is brought along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.digests import digest_of_folder
from contracts.errors import BadInput, BaseInvalid
from contracts.params import FolderProfile, ScratchProfile
from tests.checkpoints import make_tiny_base
from tests.training.making import PROFILE
from training.bases.folder import Base
from training.bases.resolve import availability, resolve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_tiny_base(tmp_path / "base")
    return tmp_path / "base"


def found(folder: Path) -> Base:
    profile = FolderProfile(source="folder", path=str(folder), scoring="letter")
    return resolve("mine", {"mine": profile}, home=folder.parent / "home")


def test_it_is_used_where_it_lies(folder: Path) -> None:
    origin = {"source": "folder", "path": str(folder)}
    assert found(folder) == Base("mine", "letter", folder, digest_of_folder(folder), origin)
    assert not (folder.parent / "home").exists()


def test_hidden_files_do_not_change_its_digest(folder: Path) -> None:
    before = found(folder).digest
    (folder / ".cache").mkdir()
    (folder / ".cache" / "times").write_text("now")
    assert found(folder).digest == before
    (folder / "notes.txt").write_text("now")
    assert found(folder).digest != before


def test_no_folder_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(BaseInvalid, match="there is no such folder"):
        found(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("config.json", "it lacks config.json"),
        ("tokenizer.json", "it lacks tokenizer.json"),
        ("model.safetensors", "it lacks model.safetensors"),
        ("chat_template.jinja", "it lacks a chat template"),
    ],
)
def test_a_missing_part_is_named(folder: Path, name: str, words: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BaseInvalid, match=words) as caught:
        found(folder)
    assert (caught.value.profile, caught.value.path) == ("mine", folder)


def test_all_missing_parts_are_named_together(folder: Path) -> None:
    for name in ("config.json", "tokenizer.json"):
        (folder / name).unlink()
    with pytest.raises(BaseInvalid, match=r"it lacks config\.json, tokenizer\.json"):
        found(folder)


def alter(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_chat_template_may_stand_in_the_tokenizers_configuration(folder: Path) -> None:
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    alter(folder / "tokenizer_config.json", chat_template=template)
    assert found(folder)


def test_code_of_its_own_is_refused(folder: Path) -> None:
    alter(folder / "config.json", auto_map={"AutoModelForCausalLM": "modeling.Mine"})
    with pytest.raises(BaseInvalid, match="it wants its own code run"):
        found(folder)


@pytest.mark.parametrize("content", ["", "[]"])
def test_a_configuration_that_cannot_be_read_is_refused(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(BaseInvalid, match=r"config\.json"):
        found(folder)


def test_a_profile_that_is_unknown_or_from_scratch_has_no_base(tmp_path: Path) -> None:
    profiles = {"nano": PROFILE}
    with pytest.raises(BadInput, match="there is no profile big; known: nano"):
        resolve("big", profiles, home=tmp_path)
    with pytest.raises(BadInput, match="nano is trained from scratch"):
        resolve("nano", profiles, home=tmp_path)


def test_availability_follows_the_folder(folder: Path) -> None:
    profile = FolderProfile(source="folder", path=str(folder), scoring="text")
    profiles: dict[str, FolderProfile | ScratchProfile] = {"nano": PROFILE, "mine": profile}

    def offline() -> list[tuple[str, bool]]:
        return [(one.name, one.offline) for one in availability(profiles, home=folder.parent)]

    assert offline() == [("nano", True), ("mine", True)]
    (folder / "tokenizer.json").unlink()
    assert offline() == [("nano", True), ("mine", False)]
