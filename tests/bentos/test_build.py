"""Building a bento: whole, repeatable, and nothing left behind when it fails."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from bentos.archive import packed_model
from bentos.build import (
    SERVED_WITH,
    BuiltBento,
    bento_name,
    build_bento,
    labels_of,
)
from bentos.packed import read_version
from contracts.errors import BadInput, BentoNotBuilt, CheckpointInvalid, DigestMismatch, StorageFull
from contracts.models import VersionFacts
from mcq.requirements import pinned_requirements


def test_a_checkpoint_that_is_not_the_version_is_refused(
    tmp_path: Path, checkpoint: Path, facts: VersionFacts
) -> None:
    other = facts.model_copy(update={"digest": "sha256:" + "0" * 64})
    with pytest.raises(DigestMismatch):
        build_bento(checkpoint, other, bento_home=tmp_path / "home", out=tmp_path / "x.bento")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file_to_write(
    tmp_path: Path, checkpoint: Path, facts: VersionFacts
) -> None:
    with pytest.raises(BadInput, match="is a folder"):
        build_bento(checkpoint, facts, bento_home=tmp_path / "home", out=tmp_path)


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path: Path, facts: VersionFacts) -> None:
    with pytest.raises(CheckpointInvalid, match=r"config\.json is missing"):
        build_bento(tmp_path, facts, bento_home=tmp_path / "home", out=tmp_path / "x.bento")


@pytest.mark.parametrize("largest_bytes", [1_000, 40_000])
def test_a_full_disk_is_told_and_leaves_the_old_file(
    tmp_path: Path, checkpoint: Path, facts: VersionFacts, largest_bytes: int
) -> None:
    """No file may grow beyond a limit: the smaller one stops the staging, the larger one
    BentoML's part in the child process."""
    out = tmp_path / "v3.bento"
    out.write_bytes(b"the old one")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, limits[1]))
    try:
        with pytest.raises(StorageFull, match=r"v3\.bento"):
            build_bento(checkpoint, facts, bento_home=tmp_path / "home", out=out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert out.read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "v3.bento"]
    assert list((tmp_path / "home").iterdir()) == []


def test_a_failure_inside_bentoml_is_told_with_its_words(
    tmp_path: Path, checkpoint: Path, facts: VersionFacts
) -> None:
    odd = facts.model_copy(update={"version": "not a version"})
    with pytest.raises(BentoNotBuilt, match="BentoML ended with 1") as caught:
        build_bento(checkpoint, odd, bento_home=tmp_path / "home", out=tmp_path / "x.bento")
    assert "not a version" in caught.value.fact
    assert list((tmp_path / "home").iterdir()) == []
    assert not (tmp_path / "x.bento").exists()


def test_the_same_version_has_the_same_digest_twice(
    built: BuiltBento, checkpoint: Path, facts: VersionFacts, tmp_path: Path
) -> None:
    moved = shutil.copytree(checkpoint, tmp_path / "elsewhere")
    again = build_bento(moved, facts, bento_home=tmp_path / "home", out=tmp_path / "again.bento")
    assert again.digest == built.digest
    assert again.tag == built.tag == "coding_mcqa:3"


def test_neither_time_nor_place_nor_whose_machine_shows_in_the_digest(
    built: BuiltBento, checkpoint: Path, facts: VersionFacts, tmp_path: Path
) -> None:
    """Built by another process: years later by the files, with another umask, locale, zone,
    home and size of machine."""
    moved = tmp_path / "somewhere" / "else"
    shutil.copytree(checkpoint, moved)
    for path in moved.iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    code = (
        "import os, sys; from pathlib import Path; os.umask(0o077);"
        "from bentos.build import build_bento; from contracts.models import VersionFacts;"
        "print(build_bento(Path(sys.argv[2]), VersionFacts.model_validate_json(sys.argv[1]),"
        " bento_home=Path(sys.argv[3]), out=Path(sys.argv[3]) / 'x.bento').digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, facts.model_dump_json(), str(moved), str(tmp_path / "w")],
        check=True,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(Path.cwd()),
            "PYTHONHASHSEED": "7",
            "TZ": "Asia/Kathmandu",
            "LC_ALL": "C",
            "HOME": str(tmp_path),
            "PROCTOR_ANSWERER_THREADS": "7",
            "OMP_WAIT_POLICY": "ACTIVE",
        },
    )
    assert done.stdout.split()[-1] == built.digest


def test_the_template_comes_from_the_checkpoint(
    unpacked_once: Path, built: BuiltBento, checkpoint: Path, facts: VersionFacts, tmp_path: Path
) -> None:
    bare = facts.model_copy(update={"template": None})
    again = build_bento(checkpoint, bare, bento_home=tmp_path / "h", out=tmp_path / "x.bento")
    assert again.digest == built.digest
    assert read_version(packed_model(unpacked_once)).template == "code-1"


def test_another_version_has_another_digest(
    built: BuiltBento, checkpoint: Path, facts: VersionFacts, tmp_path: Path
) -> None:
    other = facts.model_copy(update={"run_id": "another-run"})
    found = build_bento(checkpoint, other, bento_home=tmp_path / "home", out=tmp_path / "o.bento")
    assert found.digest != built.digest


def test_labels_say_where_the_version_comes_from(unpacked_once: Path, facts: VersionFacts) -> None:
    described = yaml.safe_load((unpacked_once / "bento.yaml").read_text())
    assert described["labels"] == {
        "model": "coding-mcqa",
        "version": "3",
        "run": "0123456789abcdef",
        "digest": facts.digest,
        "commit": "c0ffee",
        "scoring": "text",
    }
    assert described["labels"] == labels_of(facts)


def test_requirements_are_exact_public_versions(unpacked_once: Path) -> None:
    lines = (unpacked_once / "env" / "python" / "requirements.txt").read_text().split()
    pins = pinned_requirements(SERVED_WITH)
    assert sorted(lines) == sorted([*pins, f"bentoml=={version('bentoml')}"])
    assert all("+" not in line for line in lines)
    assert {line.partition("==")[0] for line in pins} == set(SERVED_WITH)


def test_the_export_holds_only_what_answers(built: BuiltBento) -> None:
    with tarfile.open(built.path, "r:") as archive:  # not compressed
        names = [member.name.removeprefix("./") for member in archive if member.isfile()]
    packages = {name.split("/")[1] for name in names if name.startswith("src/")}
    assert packages == {"bentofile.yaml", "bentos", "contracts", "mcq"}
    assert "models/coding_mcqa/3/checkpoint/model.safetensors" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pkl", ".pt"))]


def test_the_users_own_store_is_left_alone(
    tmp_path: Path, checkpoint: Path, facts: VersionFacts
) -> None:
    code = (
        "import sys; from pathlib import Path; from bentos.build import build_bento;"
        "from contracts.models import VersionFacts;"
        "facts = VersionFacts.model_validate_json(sys.argv[1]);"
        "build_bento(Path(sys.argv[2]), facts, bento_home=Path(sys.argv[3]),"
        " out=Path(sys.argv[3]) / 'x.bento')"
    )
    home = tmp_path / "home-of-user"
    home.mkdir()
    argv = [facts.model_dump_json(), str(checkpoint), str(tmp_path / "work")]
    subprocess.run(
        [sys.executable, "-c", code, *argv],
        check=True,
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(Path.cwd())},
    )
    assert list(home.iterdir()) == []
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["x.bento"]


@pytest.mark.parametrize(
    ("model", "name"), [("coding-mcqa", "coding_mcqa"), ("a.b-c_", "a.b_c"), ("x", "x")]
)
def test_a_models_name_becomes_a_tags(model: str, name: str) -> None:
    assert bento_name(model) == name
