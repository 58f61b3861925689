"""A file is there whole, or as it was: with no space left, and after a kill."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BadInput, StorageFull
from contracts.files import (
    check_out,
    copy_atomically,
    out_faults,
    storage_faults,
    write_atomically,
    write_together,
)
from tests.environments import unmeasured

ROOT = Path(__file__).parents[2]

# RLIMIT_FSIZE makes the kernel refuse the write itself (EFBIG), as a full disk does.
NO_SPACE = """
import resource, signal, sys
from pathlib import Path
from contracts.errors import StorageFull
from contracts.files import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_atomically(Path(sys.argv[1]), "x" * 1_000_000)
except StorageFull as error:
    sys.exit(f"{error.path}|{error}")
"""

# Killed between the writing and the renaming: the moment of the fsync.
KILLED = """
import os, signal, sys
from pathlib import Path
from contracts.files import write_atomically

def audit(event, arguments):
    if event == "os.rename":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(audit)
write_atomically(Path(sys.argv[1]), "new")
"""


# The second of three cannot be written; the first of them would fit.
NO_SPACE_FOR_ONE = """
import resource, signal, sys
from pathlib import Path
from contracts.errors import StorageFull
from contracts.files import write_together
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
folder = Path(sys.argv[1])
try:
    write_together({folder / "a": "new", folder / "b": "x" * 1_000_000, folder / "c": "new"})
except StorageFull as error:
    sys.exit(error.path.name)
"""

# Killed at the rename of the path that is named.
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from contracts.files import write_together
folder = Path(sys.argv[1])

def audit(event, arguments):
    if event == "os.rename" and Path(arguments[1]).name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(audit)
write_together({folder / name: "new" for name in "abc"})
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_space_the_old_content_stays_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    done = run(NO_SPACE, str(path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path}|no space is left to write {path}")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["result.json"]


def test_killed_before_the_rename_the_old_content_stays(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old")
    assert run(KILLED, str(path)).returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    write_atomically(path, "again")
    assert path.read_text() == "again"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_what_means_no_space(number: int, tmp_path: Path) -> None:
    with pytest.raises(StorageFull) as caught, storage_faults(tmp_path):
        raise OSError(number, os.strerror(number))
    assert caught.value.path == tmp_path
    assert "Free some space" in caught.value.mend


def test_other_faults_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), storage_faults(tmp_path):
        raise PermissionError(errno.EACCES, "no")
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "file" / "below", "x")
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "folder", "x")
    assert names(tmp_path) == ["file", "folder"]


def test_a_place_that_can_be_written_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    for path in (tmp_path / "f", tmp_path / "new", tmp_path / "deep" / "er" / "f"):
        check_out(path)
    check_out(tmp_path, folder=True)
    assert names(tmp_path) == ["f"]


@pytest.mark.parametrize("place", ["/proc/nope", "/proc/x/y.jsonl", "file/below", "x" * 300])
def test_a_place_that_cannot_be_written_is_refused_by_its_flag(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be written") as caught:
        check_out(tmp_path / place)
    assert "--out" in caught.value.mend
    assert names(tmp_path) == ["file"]


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is a folder"):
        check_out(tmp_path)


def test_a_full_disk_is_no_bad_place(tmp_path: Path) -> None:
    with pytest.raises(StorageFull), out_faults(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_cannot_be_encoded_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "f", "\ud800")
    assert names(tmp_path) == []


@given(text=st.text(), old=st.none() | st.text())
def test_the_text_is_there_as_utf_8(
    tmp_path_factory: pytest.TempPathFactory, text: str, old: str | None
) -> None:
    path = tmp_path_factory.mktemp("files") / "deep" / "f.txt"
    if old is not None:
        write_atomically(path, old)
    write_atomically(path, text)
    assert path.read_bytes() == text.encode()
    assert names(path.parent) == ["f.txt"]


def test_the_umask_decides_who_may_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_atomically(path, "x")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_copy_is_whole_with_the_permissions_of_a_written_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 10_000)
    source.chmod(0o600)
    copy_atomically(source, tmp_path / "deep" / "copy")
    write_atomically(tmp_path / "deep" / "text", "")
    copy = tmp_path / "deep" / "copy"
    assert copy.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == stat.S_IMODE(
        (tmp_path / "deep" / "text").stat().st_mode
    )
    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy", "text"]


def test_a_copy_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("old")
    with pytest.raises(FileNotFoundError):
        copy_atomically(tmp_path / "gone", old)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        copy_atomically(tmp_path / "folder", old)
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "old"]


def test_a_private_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_atomically(path, "new", private=True)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)


# ------------------------------------------------------------------------ several


def three_old(folder: Path) -> None:
    for name in "abc":
        (folder / name).write_text("old")


def contents(folder: Path) -> list[str]:
    return [(folder / name).read_text() for name in "abc"]


def test_several_are_all_there(tmp_path: Path) -> None:
    write_together({tmp_path / "one": "1", tmp_path / "deep/two": "2"})
    assert ((tmp_path / "one").read_text(), (tmp_path / "deep/two").read_text()) == ("1", "2")


def test_without_space_for_one_all_stay_as_they_were(tmp_path: Path) -> None:
    three_old(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", NO_SPACE_FOR_ONE, str(tmp_path)],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr.strip()) == (1, "b")
    assert contents(tmp_path) == ["old"] * 3
    assert names(tmp_path) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("at", "found"),
    [("a", ["old"] * 3), ("b", ["new", "old", "old"]), ("c", ["new", "new", "old"])],
)
def test_a_kill_between_renames_leaves_the_last_paths_old(
    at: str, found: list[str], tmp_path: Path
) -> None:
    three_old(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", KILLED_AT, str(tmp_path), at],
        cwd=ROOT,
        env=unmeasured(),
        check=False,
    )
    assert run.returncode == -signal.SIGKILL
    assert contents(tmp_path) == found
