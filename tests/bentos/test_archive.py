"""Unpacking an export, and the digest of what it holds."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from bentos.archive import bento_digest, packed_model, unpack_bento
from bentos.build import BuiltBento
from contracts.errors import BentoInvalid


def archive_of(path: Path, members: dict[str, tarfile.TarInfo | bytes]) -> Path:
    with tarfile.open(path, "w:xz") as archive:
        for name, member in members.items():
            if isinstance(member, bytes):
                info = tarfile.TarInfo(name)
                info.size = len(member)
                archive.addfile(info, io.BytesIO(member))
            else:
                archive.addfile(member)
    return path


def link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def device(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.CHRTYPE
    return info


@pytest.mark.parametrize(
    "members",
    [
        {"../outside": b"x"},
        {"a": link("a", "/etc/passwd")},
        {"a": link("a", "../../outside")},
        {"a": device("a")},
    ],
)
def test_nothing_lands_outside(tmp_path: Path, members: dict[str, tarfile.TarInfo | bytes]) -> None:
    path = archive_of(tmp_path / "evil.bento", {"bento.yaml": b"", **members})
    with pytest.raises(BentoInvalid):
        unpack_bento(path, tmp_path / "in" / "bento")
    assert list((tmp_path / "in").iterdir()) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("data", [b"", b"hello", b"\xfd7zXZ\x00" + b"\x00" * 40])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.bento"
    path.write_bytes(data)
    with pytest.raises(BentoInvalid, match=r"x\.bento is not a usable bento"):
        unpack_bento(path, tmp_path / "bento")


def test_an_export_that_was_cut_off_is_refused(tmp_path: Path, built: BuiltBento) -> None:
    path = tmp_path / "half.bento"
    path.write_bytes(built.path.read_bytes()[:20_000])
    with pytest.raises(BentoInvalid):
        unpack_bento(path, tmp_path / "bento")
    assert not (tmp_path / "bento").exists()


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "x.bento", {"readme": b"hi"})
    with pytest.raises(BentoInvalid, match=r"bento\.yaml is missing"):
        unpack_bento(path, tmp_path / "bento")


def test_a_bento_without_a_packed_version_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "x.bento", {"bento.yaml": b"name: x\n"})
    with pytest.raises(BentoInvalid, match="0 packed versions"):
        unpack_bento(path, tmp_path / "bento")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BentoInvalid, match="no such file"):
        unpack_bento(tmp_path / "gone.bento", tmp_path / "bento")


def test_a_folder_that_is_there_is_not_overwritten(unpacked: Path, built: BuiltBento) -> None:
    with pytest.raises(BentoInvalid, match="there already"):
        unpack_bento(built.path, unpacked)


def test_the_digest_is_that_of_the_build(unpacked: Path, built: BuiltBento) -> None:
    assert bento_digest(unpacked) == built.digest


def test_the_digest_does_not_see_byte_code_nor_when(unpacked: Path, built: BuiltBento) -> None:
    (unpacked / "src" / "mcq" / "__pycache__").mkdir()
    (unpacked / "src" / "mcq" / "__pycache__" / "x.pyc").write_bytes(b"x")
    for path in (unpacked / "bento.yaml", packed_model(unpacked) / "model.yaml"):
        text = path.read_text()
        assert "creation_time: '20" in text
        path.write_text(text.replace("creation_time: '20", "creation_time: '19"))
    assert bento_digest(unpacked) == built.digest


@pytest.mark.parametrize(
    "name",
    [
        "bento.yaml",
        "src/bentos/service.py",
        "env/python/requirements.txt",
        "models/coding_mcqa/3/model.yaml",
        "models/coding_mcqa/3/version.json",
        "models/coding_mcqa/3/checkpoint/model.safetensors",
    ],
)
def test_the_digest_sees_a_changed_file(unpacked: Path, built: BuiltBento, name: str) -> None:
    with (unpacked / name).open("ab") as stream:
        stream.write(b"\n# changed")
    assert bento_digest(unpacked) != built.digest


def test_the_digest_sees_an_added_and_a_removed_file(unpacked: Path, built: BuiltBento) -> None:
    (unpacked / "src" / "extra.py").write_text("")
    assert bento_digest(unpacked) != built.digest
    (unpacked / "src" / "extra.py").unlink()
    (unpacked / "src" / "mcq" / "loaders" / "mmlu.py").unlink()
    assert bento_digest(unpacked) != built.digest
