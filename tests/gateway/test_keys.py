"""Keys: what is presented, what is kept, and the contract of every source of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from contracts.errors import KeyNotFound, KeysInvalid, KeyTaken
from gateway.key_file import FileKeys, add_key, read_keys, revoke_key, rotate_key
from gateway.keys import FixedKeys, Key, KeySource, OpenKeys, digest_of_secret, parted, spelled

FIRST, SECOND, THIRD = "1" * 64, "2" * 64, "3" * 64
WEB = Key(id="web", scopes=frozenset({"answer", "feedback"}), requests_per_second=5.0, concurrent=2)
START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

Source = Callable[[], KeySource]


class Clock:
    """The wall clock, stepped by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "keys.json"


@pytest.fixture(params=["fixed", "file"])
def source(request: pytest.FixtureRequest, path: Path, clock: Clock) -> Iterator[KeySource]:
    """The key ``web`` with the secret ``FIRST``, twice."""
    with ExitStack() as until_the_end:
        if request.param == "fixed":
            yield FixedKeys({spelled("web", FIRST): WEB})
        else:
            add_key(path, WEB, FIRST, START)
            yield until_the_end.enter_context(FileKeys(path, now=clock))


def test_the_right_secret_finds_the_key(source: KeySource) -> None:
    assert source.find(spelled("web", FIRST)) == WEB


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "pk_web_",
        spelled("web", SECOND),
        spelled("web", FIRST[:-1]),
        spelled("web", FIRST + "1"),
        spelled("other", FIRST),
        spelled("web", FIRST).upper(),
        f" {spelled('web', FIRST)}",
        f"{spelled('web', FIRST)}\n",
        f"web_{FIRST}",
        f"pk_web_{'g' * 64}",
        f"pk_wéb_{FIRST}",
        "pk_web_" + "\u0661" * 64,  # digits, but not ours
        "pk_" + "a" * 100_000,
    ],
)
def test_anything_else_finds_none(source: KeySource, presented: str) -> None:
    assert source.find(presented) is None


def test_the_open_mode_lets_anybody_in_and_says_so() -> None:
    key = OpenKeys().find("")
    assert key is not None
    assert key.anonymous
    assert key.scopes == {"answer", "feedback", "admin"}
    assert not WEB.anonymous


def test_a_key_is_an_id_and_a_secret() -> None:
    assert parted(spelled("a-b-1", FIRST)) == ("a-b-1", FIRST)
    with pytest.raises(ValueError, match="pk_web_SECRET"):
        FixedKeys({spelled("other", FIRST): WEB})


@pytest.mark.parametrize("key_id", ["", "-a", "A", "a_b", "a" * 41, "é"])
def test_ids_are_plain(key_id: str) -> None:
    with pytest.raises(ValidationError):
        Key(id=key_id, scopes=frozenset({"answer"}))


# ---------------------------------------------------------------- the file


def test_the_file_is_private_and_holds_no_secret(path: Path) -> None:
    add_key(path, WEB, FIRST, START)
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert FIRST not in text
    assert digest_of_secret(FIRST) in text


def test_a_name_is_taken_for_ever(path: Path) -> None:
    add_key(path, WEB, FIRST, START)
    with pytest.raises(KeyTaken):
        add_key(path, WEB, SECOND, START)
    revoke_key(path, "web", START)
    with pytest.raises(KeyTaken):
        add_key(path, WEB, SECOND, START)
    for act in (
        lambda: revoke_key(path, "web", START),
        lambda: rotate_key(path, "web", SECOND, START, START),
        lambda: revoke_key(path, "nobody", START),
    ):
        with pytest.raises(KeyNotFound):
            act()


def test_two_secrets_count_until_the_older_ends(path: Path, clock: Clock) -> None:
    add_key(path, WEB, FIRST, START)
    rotate_key(path, "web", SECOND, START, START + timedelta(days=1))
    with FileKeys(path, now=clock) as keys:
        assert keys.find(spelled("web", FIRST)) == keys.find(spelled("web", SECOND)) == WEB
        clock.now += timedelta(days=1)
        assert keys.find(spelled("web", FIRST)) is None
        assert keys.find(spelled("web", SECOND)) == WEB


def test_a_third_secret_ends_the_first(path: Path, clock: Clock) -> None:
    add_key(path, WEB, FIRST, START)
    rotate_key(path, "web", SECOND, START, START + timedelta(days=9))
    rotate_key(path, "web", THIRD, START, START + timedelta(days=1))
    with FileKeys(path, now=clock) as keys:
        found = [keys.find(spelled("web", secret)) for secret in (FIRST, SECOND, THIRD)]
    assert found == [None, WEB, WEB]


def test_a_rotation_without_grace_ends_the_old_one_at_once(path: Path, clock: Clock) -> None:
    add_key(path, WEB, FIRST, START)
    rotate_key(path, "web", SECOND, START, START)
    with FileKeys(path, now=clock) as keys:
        assert keys.find(spelled("web", FIRST)) is None
        assert keys.find(spelled("web", SECOND)) == WEB


def test_what_changes_is_seen_without_a_restart(path: Path) -> None:
    told: list[tuple[bool, int]] = []
    keys = FileKeys(path, told=lambda sound, number: told.append((sound, number)))
    assert keys.refresh()
    assert keys.find(spelled("web", FIRST)) is None
    add_key(path, WEB, FIRST, START)
    assert keys.refresh()
    assert keys.find(spelled("web", FIRST)) == WEB
    revoke_key(path, "web", START)
    assert keys.refresh()
    assert keys.find(spelled("web", FIRST)) is None
    path.unlink()
    assert keys.refresh()
    assert told == [(True, 0), (True, 1), (True, 0), (True, 0)]


def test_it_looks_by_itself(path: Path) -> None:
    seen = threading.Event()
    with FileKeys(
        path, refresh_seconds=0.01, told=lambda _, number: seen.set() if number else None
    ) as keys:
        add_key(path, WEB, FIRST, START)
        assert seen.wait(10)
        assert keys.find(spelled("web", FIRST)) == WEB


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "object"),
        ('{"keys": [{"id": "web"}]}', "keys.0.scopes"),
        ('{"keys": [], "more": 1}', "more"),
    ],
)
def test_a_broken_file_leaves_the_last_keys(
    path: Path, text: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    add_key(path, WEB, FIRST, START)
    good = path.read_text()
    with FileKeys(path, refresh_seconds=3_600) as keys:
        path.write_text(text)
        assert not keys.refresh()
        assert not keys.refresh()
        assert keys.find(spelled("web", FIRST)) == WEB
        assert len(caplog.records) == 1, "it is said once"
        assert "the keys stay as they were" in caplog.text
        assert words in caplog.text
        path.write_text(good)
        assert keys.refresh()
    assert "follow" in caplog.records[-1].message
    path.write_text(text)
    with pytest.raises(KeysInvalid, match=words):
        FileKeys(path).__enter__()


def test_a_file_that_others_may_write_is_not_believed(path: Path) -> None:
    add_key(path, WEB, FIRST, START)
    path.chmod(0o620)
    with pytest.raises(KeysInvalid, match="others than its owner"):
        read_keys(path)
    path.chmod(0o640)  # as Kubernetes mounts secrets
    assert len(read_keys(path).keys) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_told(path: Path) -> None:
    add_key(path, WEB, FIRST, START)
    path.chmod(0)
    with pytest.raises(KeysInvalid, match="denied"):
        read_keys(path)


def test_a_folder_in_its_place_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(KeysInvalid, match="directory"):
        read_keys(path)


def test_writers_at_once_lose_nothing(path: Path) -> None:
    writers = [
        threading.Thread(
            target=add_key,
            args=(path, Key(id=f"k{number}", scopes=frozenset({"answer"})), FIRST, START),
        )
        for number in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(kept.id for kept in read_keys(path).keys) == [f"k{n}" for n in range(8)]


def test_a_row_for_people_has_no_secret(path: Path) -> None:
    add_key(path, WEB, FIRST, START)
    rotate_key(path, "web", SECOND, START, START + timedelta(days=1))
    (kept,) = read_keys(path).keys
    row = kept.shown(START)
    assert row["secrets"] == 2
    assert row["oldest_ends"] == "2026-11-26T12:00:00+00:00"
    assert kept.shown(START + timedelta(days=2))["secrets"] == 1
    shown = str(row)
    assert digest_of_secret(FIRST) not in shown
    assert digest_of_secret(SECOND) not in shown
