"""``proctor models``: what people see; what is fetched and how is tests/training/bases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.digests import digest_of_folder
from tests.checkpoints import make_tiny_base

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_tiny_base(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def params(folder: Path, tmp_path: Path) -> Path:
    """``params.yaml`` as it stands, and a local folder besides."""
    raw: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    raw["profiles"]["mine"] = {"source": "folder", "path": str(folder), "scoring": "letter"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return tmp_path / "params.yaml"


def models(params: Path, *words: str) -> subprocess.CompletedProcess[str]:
    home = params.parent
    return subprocess.run(
        [sys.executable, "-m", "proctor", "models", *words, "--params", str(params)],
        cwd=ROOT,
        env={**os.environ, "HF_HOME": str(home / "hf"), "PROCTOR_HOME": str(home / "proctor")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("nano", "profile nano is trained from scratch: it has no base"),
        ("big", "there is no profile big; known: mine, nano, qwen2.5"),
    ],
)
def test_what_cannot_be_fetched_ends_with_2(params: Path, profile: str, words: str) -> None:
    done = models(params, "fetch", profile)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {words}"), "nothing is told to be looked for before"


def test_a_folder_that_lacks_something_ends_with_2_and_says_what(
    params: Path, folder: Path
) -> None:
    (folder / "tokenizer.json").unlink()
    done = models(params, "fetch", "mine")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{folder} is not a usable base: it lacks tokenizer.json" in done.stderr


def test_fetch_prints_folder_and_digest_alone(params: Path, folder: Path) -> None:
    done = models(params, "fetch", "mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder} {digest_of_folder(folder)}\n"


def test_list_shows_every_profile_with_what_works_here(params: Path) -> None:
    shown = models(params, "list").stdout
    rows = {row["name"]: row for row in json.loads(models(params, "list", "--json").stdout)}
    names = set(yaml.safe_load(params.read_text(encoding="utf-8"))["profiles"])
    assert set(rows) == names
    assert all(name in shown for name in names)
    assert {name for name, row in rows.items() if row["offline"]} == {"nano", "mine"}
    assert {row["source"] for row in rows.values()} == {"scratch", "package", "hub", "folder"}
