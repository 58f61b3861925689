"""``proctor keys`` as a person types it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.errors import BadInput, KeyNotFound, KeysInvalid, KeyTaken
from gateway.key_file import FileKeys, read_keys, utc_now
from gateway.keys import parted
from proctor.__main__ import app
from proctor.api_keys import ensure_local_key, read_duration
from proctor.settings import api_key, read_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROCTOR_HOME", str(tmp_path))
    monkeypatch.delenv("PROCTOR_KEYS_FILE", raising=False)
    return tmp_path


def keys(*words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words])


def test_a_key_is_made_shown_once_and_works(home: Path) -> None:
    limits = ("--requests-per-second", "5", "--concurrent", "2")
    done = keys("add", "quiz", "--scope", "answer", *limits)
    assert done.exit_code == 0, done.output
    presented = done.stdout.strip()
    parts = parted(presented)
    assert parts is not None
    with FileKeys(home / "keys.json") as known:
        key = known.find(presented)
    assert key is not None
    assert (key.id, key.scopes, key.requests_per_second, key.concurrent) == (
        "quiz",
        {"answer"},
        5.0,
        2,
    )
    assert parts[1] not in (home / "keys.json").read_text()
    for shown in (keys("list"), keys("list", "--json")):
        assert "quiz" in shown.stdout
        assert parts[1] not in shown.stdout


def test_a_key_may_answer_and_give_feedback_by_default(home: Path) -> None:
    keys("add", "quiz")
    (row,) = json.loads(keys("list", "--json").stdout)
    assert (row["scopes"], row["state"], row["secrets"]) == ("answer feedback", "counts", 1)


def test_rotating_keeps_both_for_a_while(home: Path) -> None:
    old = keys("add", "quiz").stdout.strip()
    new = keys("rotate", "quiz", "--grace", "1d").stdout.strip()
    with FileKeys(home / "keys.json") as known:
        assert known.find(old) == known.find(new) is not None
    last = keys("rotate", "quiz", "--grace", "0").stdout.strip()
    with FileKeys(home / "keys.json") as known:
        assert [known.find(each) is not None for each in (old, new, last)] == [False, False, True]


def test_revoking_ends_a_key(home: Path) -> None:
    presented = keys("add", "quiz").stdout.strip()
    assert keys("revoke", "quiz").exit_code == 0
    with FileKeys(home / "keys.json") as known:
        assert known.find(presented) is None
    (row,) = json.loads(keys("list", "--json").stdout)
    assert row["state"] == "revoked"


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        (("add", "Quiz"), BadInput, "this cannot be a key: id"),
        (("add", "quiz", "--scope", "all"), BadInput, "scopes"),
        (("add", "quiz", "--requests-per-second", "0"), BadInput, "requests_per_second"),
        (("add", "quiz", "--concurrent", "0"), BadInput, "concurrent"),
        (("add", "there"), KeyTaken, "there is or was a key there"),
        (("rotate", "quiz"), KeyNotFound, "no key quiz"),
        (("rotate", "there", "--grace", "soon"), BadInput, "'soon' is no time"),
        (("revoke", "quiz"), KeyNotFound, "no key quiz"),
    ],
)
def test_what_cannot_be_done_is_told(
    home: Path, words: tuple[str, ...], error: type[Exception], told: str
) -> None:
    keys("add", "there")
    before = (home / "keys.json").read_bytes()
    done = keys(*words)
    assert isinstance(done.exception, error), done.output
    assert told in str(done.exception)
    assert (home / "keys.json").read_bytes() == before


def test_a_broken_file_is_told_and_left_alone(home: Path) -> None:
    (home / "keys.json").write_text("{")
    for words in (("add", "quiz"), ("list",), ("rotate", "quiz"), ("revoke", "quiz")):
        assert isinstance(keys(*words).exception, KeysInvalid)
    assert (home / "keys.json").read_text() == "{"


def test_without_keys_it_says_how_to_make_one(home: Path) -> None:
    assert "proctor keys add" in keys("list").stdout


@pytest.mark.parametrize(
    ("text", "seconds"), [("1d", 86_400), ("12h", 43_200), ("30m", 1_800), ("45s", 45), ("0", 0)]
)
def test_times_are_short_words(text: str, seconds: int) -> None:
    assert read_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "d", "1.5h", "-1d", "1w", "1 d", "9999999d"])
def test_other_words_are_no_times(text: str) -> None:
    with pytest.raises(BadInput):
        read_duration(text)


# ---------------------------------------------------------------- the local stack's own


def test_the_local_key_is_made_once_and_private(tmp_path: Path) -> None:
    file, place = tmp_path / "keys.json", tmp_path / "local.key"
    assert ensure_local_key(file, place, utc_now())
    assert place.stat().st_mode & 0o777 == 0o600
    first = place.read_text()
    assert not ensure_local_key(file, place, utc_now())
    assert place.read_text() == first
    with FileKeys(file) as known:
        key = known.find(first.strip())
    assert key is not None
    assert key.scopes == {"answer", "feedback", "admin"}


def test_a_lost_or_stale_local_key_is_made_anew(tmp_path: Path) -> None:
    file, place = tmp_path / "keys.json", tmp_path / "local.key"
    ensure_local_key(file, place, utc_now())
    lost = place.read_text().strip()
    for damage in ("", "nonsense", lost[:-1] + "x"):
        place.write_text(damage)
        assert ensure_local_key(file, place, utc_now())
    place.unlink()
    assert ensure_local_key(file, place, utc_now())
    with FileKeys(file) as known:
        assert known.find(lost) is None
        assert known.find(place.read_text().strip()) is not None
    assert [kept.id for kept in read_keys(file).keys] == ["local"]


def test_a_revoked_local_key_gets_a_successor(tmp_path: Path, home: Path) -> None:
    file, place = home / "keys.json", home / "local.key"
    ensure_local_key(file, place, utc_now())
    assert keys("revoke", "local").exit_code == 0
    assert ensure_local_key(file, place, utc_now())
    assert place.read_text().startswith("pk_local-2_")


def test_commands_present_the_variable_or_the_local_key(tmp_path: Path) -> None:
    settings = read_settings({"PROCTOR_HOME": str(tmp_path)})
    assert api_key(settings, {}) is None
    ensure_local_key(settings.keys_file, settings.local_key_file, utc_now())
    local = settings.local_key_file.read_text().strip()
    assert api_key(settings, {}) == local
    assert api_key(settings, {"PROCTOR_API_KEY": "pk_other"}) == "pk_other"
