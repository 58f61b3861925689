"""A base is kept whole or not at all: kills, rivals, altered bytes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from contracts.digests import digest_of_folder
from contracts.errors import DigestMismatch, StorageFull
from tests.training.making import files_bounded
from training.bases.store import is_kept, kept, place_of

FORK = multiprocessing.get_context("fork")
IDENTITY = {"source": "hub", "repository": "a/b", "revision": "0" * 40}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return place_of(tmp_path, "tiny", IDENTITY)


def write(target: Path) -> None:
    target.mkdir()
    (target / "config.json").write_text("{}")


def written_twice(_target: Path) -> None:
    raise AssertionError("it was there already")


def test_another_identity_or_name_is_another_place(place: Path, tmp_path: Path) -> None:
    other = {**IDENTITY, "revision": "1" * 40}
    places = {
        place,
        place_of(tmp_path, "tiny", other),
        place_of(tmp_path, "big", IDENTITY),
        place_of(tmp_path, "../odd name", IDENTITY),
    }
    assert len(places) == 4
    assert all(one.parent == tmp_path / "models" for one in places)
    assert place == place_of(tmp_path, "tiny", dict(reversed(IDENTITY.items())))


def test_what_fails_keeps_nothing(place: Path) -> None:
    def fail(target: Path) -> None:
        write(target)
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        kept(place, fail)
    assert not is_kept(place)
    assert [path.suffix for path in place.parent.iterdir()] == [".lock"]


def test_a_full_disk_is_told_and_keeps_nothing(place: Path) -> None:
    def fill(target: Path) -> None:
        target.mkdir()
        (target / "weights").write_bytes(b"0" * 4096)

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with files_bounded(1024), pytest.raises(StorageFull):
            kept(place, fill)
    finally:
        signal.signal(signal.SIGXFSZ, before)
    assert not is_kept(place)


def _killed(place: Path) -> None:
    def half(target: Path) -> None:
        target.mkdir()
        (target / "half").write_text("")
        os.kill(os.getpid(), signal.SIGKILL)

    kept(place, half)


def test_a_kill_half_way_leaves_nothing_that_counts(place: Path) -> None:
    process = FORK.Process(target=_killed, args=(place,))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert not is_kept(place)
    folder, digest = kept(place, write)
    assert [path.name for path in folder.iterdir()] == ["config.json"]
    assert digest == digest_of_folder(folder)
    assert kept(place, written_twice) == (folder, digest)


def _fetch_with_rivals(place: Path, log: Path, started: Barrier) -> None:
    def fetch(target: Path) -> None:
        with log.open("a") as stream:
            stream.write("fetched\n")
        write(target)

    started.wait(30)
    kept(place, fetch)


def test_two_processes_fetch_once(place: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    started = FORK.Barrier(3)
    rivals = [FORK.Process(target=_fetch_with_rivals, args=(place, log, started)) for _ in range(3)]
    for process in rivals:
        process.start()
    for process in rivals:
        process.join(30)
    assert [process.exitcode for process in rivals] == [0, 0, 0]
    assert log.read_text() == "fetched\n"


def test_an_added_or_altered_file_is_seen(place: Path) -> None:
    folder, digest = kept(place, write)
    (folder / "more").write_text("")
    with pytest.raises(DigestMismatch) as caught:
        kept(place, written_twice)
    assert caught.value.expected == digest
    assert f"remove {place}" in caught.value.mend
