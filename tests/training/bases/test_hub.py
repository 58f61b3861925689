"""The hub: the real client against a hub on loopback, or against a closed port.

``proctor models`` runs as a process, since huggingface_hub reads its settings when it is
imported.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.models import CHECKPOINT_FACTS_FILE
from contracts.questions import Question
from mcq.scorer import Scorer
from tests.checkpoints import make_tiny_base, make_tiny_checkpoint
from tests.training.bases.hub_server import REPOSITORY, REVISION, FakeHub, serving
from training.bases.checkpoint import write_base_checkpoint
from training.bases.folder import Base

ROOT = Path(__file__).parents[3]
QUESTION = Question(id="q", stem="Which?", choices=("a", "b", "c"))
# What a repository has and a base does not: other formats, pictures, folders.
BESIDES = ("README.md", "pytorch_model.bin", "onnx/model.onnx", "original/model.safetensors")


@dataclass
class Machine:
    """A machine with a home of Proctor, a cache of the hub and ``params.yaml``."""

    home: Path
    endpoint: str
    profile: dict[str, Any]

    def models(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        raw = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        raw["profiles"]["tiny-hub"] = self.profile
        path = self.home / "params.yaml"
        path.write_text(yaml.safe_dump(raw), encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-m", "proctor", "models", *arguments, "--params", str(path)],
            cwd=ROOT,
            env={
                **os.environ,
                "HF_ENDPOINT": self.endpoint,
                "HF_HOME": str(self.home / "hf"),
                "HF_HUB_OFFLINE": "0",
                "PROCTOR_HOME": str(self.home / "proctor"),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def fetched(self) -> dict[str, Any]:
        done = self.models("fetch", "tiny-hub", "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def listed(self) -> dict[str, Any]:
        done = self.models("list", "--json")
        assert done.returncode == 0, done.stderr
        return {row["name"]: row for row in json.loads(done.stdout)}

    def kept(self) -> list[str]:
        return [path.name for path in (self.home / "proctor" / "models").glob("[!.]*")]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    make_tiny_base(folder, context_tokens=2_048, shard_size="30KB")
    (folder / "LICENSE").write_text("Apache-2.0\n")
    for name in BESIDES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("not for us\n")
    return folder


@pytest.fixture
def hub(repository: Path) -> Iterator[FakeHub]:
    with serving(repository) as running:
        yield running


@pytest.fixture
def machine(hub: FakeHub, tmp_path: Path) -> Machine:
    profile = {
        "source": "hub",
        "repository": REPOSITORY,
        "revision": REVISION,
        "scoring": "letter",
    }
    return Machine(tmp_path, hub.url, profile)


@pytest.fixture
def away() -> Iterator[str]:
    """An address that refuses connections, for as long as the test runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def assert_away(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (done.returncode, done.stdout) == (3, "")
    assert f"error: profile tiny-hub: {REPOSITORY} is not on this machine" in done.stderr
    assert reason in done.stderr
    assert "Profiles that work offline: nano; from the package index: smollm2-135m." in done.stderr
    assert "Traceback" not in done.stderr


# ------------------------------------------------ away, absent, unwanted


def test_a_hub_that_is_away_is_told_at_once_with_what_works_offline(
    machine: Machine, away: str
) -> None:
    machine.endpoint = away
    began = time.monotonic()
    done = machine.models("fetch", "tiny-hub")
    # Starting Python and importing is most of it; huggingface_hub alone would retry for 23 s.
    assert time.monotonic() - began < 15
    assert_away(done, "onnection refused")
    assert machine.kept() == []


def test_the_hubs_own_offline_switch_is_obeyed(machine: Machine, hub: FakeHub) -> None:
    assert_away(machine.models("fetch", "tiny-hub", HF_HUB_OFFLINE="1"), "HF_HUB_OFFLINE forbids")
    assert hub.asked == []


def test_a_hub_that_is_down_is_away(machine: Machine, hub: FakeHub) -> None:
    hub.failing = 503
    assert_away(machine.models("fetch", "tiny-hub"), "HTTP 503")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"repository": "Tiny/Other"}, "the hub has no such repository, or hides it"),
        ({"revision": "cd" * 20}, "the repository has no such commit"),
    ],
)
def test_what_the_hub_does_not_have_is_named(
    machine: Machine, change: dict[str, str], words: str
) -> None:
    machine.profile |= change
    done = machine.models("fetch", "tiny-hub")
    assert done.returncode == 2
    assert words in done.stderr
    assert next(iter(change.values()))[:12] in done.stderr
    assert machine.kept() == []


def test_a_gated_repository_says_what_it_wants(machine: Machine, hub: FakeHub) -> None:
    hub.failing, hub.code = 403, "GatedRepo"
    done = machine.models("fetch", "tiny-hub")
    assert done.returncode == 2
    assert "it is gated: ask for access and set HF_TOKEN" in done.stderr


def altered(repository: Path, folder: Path, name: str, text: str | None) -> Path:
    """A copy of the repository with one file of another content, or without it."""
    shutil.copytree(repository, folder)
    (folder / name).unlink()
    if text is not None:
        (folder / name).write_text(text)
    return folder


def test_a_repository_without_a_configuration_is_no_model(
    machine: Machine, repository: Path, hub: FakeHub, tmp_path: Path
) -> None:
    hub.folder = altered(repository, tmp_path / "bare", "config.json", None)
    done = machine.models("fetch", "tiny-hub")
    assert done.returncode == 2
    assert "it has no config.json" in done.stderr


def test_a_model_that_wants_code_run_is_refused_before_its_weights_are_fetched(
    machine: Machine, repository: Path, hub: FakeHub, tmp_path: Path
) -> None:
    config = json.loads((repository / "config.json").read_text())
    config["auto_map"] = {"AutoModelForCausalLM": "modeling.Mine"}
    hub.folder = altered(repository, tmp_path / "code", "config.json", json.dumps(config))
    done = machine.models("fetch", "tiny-hub")
    assert done.returncode == 2
    assert "it wants its own code run" in done.stderr
    assert not any("safetensors" in request for request in hub.asked)
    assert machine.kept() == []


def test_weights_in_pickles_only_are_refused(
    machine: Machine, hub: FakeHub, tmp_path: Path
) -> None:
    folder = tmp_path / "pickled"
    make_tiny_base(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    hub.folder = folder
    done = machine.models("fetch", "tiny-hub")
    assert done.returncode == 2
    assert "it lacks model.safetensors" in done.stderr
    assert not any("pytorch_model.bin" in request for request in hub.asked)


# ------------------------------------------------ fetched


def test_a_snapshot_is_fetched_once_and_works_without_the_hub(
    machine: Machine, repository: Path, hub: FakeHub, away: str
) -> None:
    assert not machine.listed()["tiny-hub"]["offline"]
    first = machine.fetched()
    folder = Path(first["folder"])
    assert {path.name for path in folder.iterdir()} == {
        path.name for path in repository.iterdir() if path.is_file()
    } - {"README.md", "pytorch_model.bin"}
    assert all(
        (folder / p.name).read_bytes() == (repository / p.name).read_bytes()
        for p in folder.iterdir()
    )
    assert first["origin"] == {"source": "hub", "repository": REPOSITORY, "revision": REVISION}
    asked = len(hub.asked)
    machine.endpoint = away
    assert machine.fetched() == first
    assert len(hub.asked) == asked
    listed = machine.listed()["tiny-hub"]
    assert (listed["here"], listed["offline"]) == (True, True)


def test_what_is_in_the_hubs_own_cache_works_offline(machine: Machine, away: str) -> None:
    first = machine.fetched()
    shutil.rmtree(machine.home / "proctor")
    machine.endpoint = away
    listed = machine.listed()["tiny-hub"]
    assert (listed["here"], listed["offline"]) == (False, True)
    assert machine.fetched() == first


def test_half_a_cached_snapshot_does_not_count(machine: Machine, away: str) -> None:
    machine.fetched()
    shutil.rmtree(machine.home / "proctor")
    (shard, *_) = (machine.home / "hf").rglob("snapshots/*/*.safetensors")
    shard.unlink()
    machine.endpoint = away
    assert not machine.listed()["tiny-hub"]["offline"]
    assert_away(machine.models("fetch", "tiny-hub"), "onnection refused")


def test_a_download_that_breaks_off_leaves_nothing_half_and_goes_on_later(
    machine: Machine, repository: Path, hub: FakeHub
) -> None:
    (*_, shard) = sorted(path.name for path in repository.glob("*.safetensors"))
    hub.cut = shard
    done = machine.models("fetch", "tiny-hub")
    assert done.returncode == 3, done.stderr
    assert "what came is kept" in done.stderr
    assert machine.kept() == []
    hub.cut = None
    machine.fetched()
    assert len(machine.kept()) == 1


def test_the_hubs_checkpoint_scores_as_the_local_one(
    machine: Machine, repository: Path, tmp_path: Path
) -> None:
    """The real path, end to end: fetched, made a version as it is, loaded, asked."""
    facts = machine.fetched()
    base = Base("tiny-hub", "letter", Path(facts["folder"]), facts["digest"], facts["origin"])
    digest = write_base_checkpoint(base, tmp_path / "checkpoint")
    make_tiny_checkpoint(
        tmp_path / "local", scoring="letter", context_tokens=2_048, shard_size="30KB"
    )
    ours = Scorer.load(tmp_path / "checkpoint", expected_digest=digest)
    assert ours.score([QUESTION]) == Scorer.load(tmp_path / "local").score([QUESTION])
    assert (tmp_path / "checkpoint" / CHECKPOINT_FACTS_FILE).is_file()
