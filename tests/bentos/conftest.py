"""One tiny version, its bento built once, unpacked once and served once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from bentos.archive import unpack_bento
from bentos.build import BuiltBento, build_bento
from contracts.models import VersionFacts
from tests.answerers import ServedBento, served_bento
from tests.chains import END, make_chain_checkpoint
from tests.checkpoints import make_tiny_checkpoint


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "model"
    make_tiny_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def facts(checkpoint: Path) -> VersionFacts:
    from mcq.checkpoint import checkpoint_digest

    return VersionFacts(
        model="coding-mcqa",
        version="3",
        digest=checkpoint_digest(checkpoint),
        run_id="0123456789abcdef",
        commit="c0ffee",
        scoring="text",
        template="code-1",
        temperature=1.7,
    )


@pytest.fixture(scope="session")
def built(
    checkpoint: Path, facts: VersionFacts, tmp_path_factory: pytest.TempPathFactory
) -> BuiltBento:
    folder = tmp_path_factory.mktemp("built")
    return build_bento(checkpoint, facts, bento_home=folder / "home", out=folder / "v3.bento")


@pytest.fixture(scope="session")
def unpacked_once(built: BuiltBento, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed; ``unpacked`` is a copy of a test's own."""
    return unpack_bento(built.path, tmp_path_factory.mktemp("unpacked") / "bento")


@pytest.fixture
def unpacked(built: BuiltBento, tmp_path: Path) -> Path:
    return unpack_bento(built.path, tmp_path / "bento")


@pytest.fixture(scope="session")
def served(unpacked_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBento]:
    with served_bento(unpacked_once, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="session")
def writing_facts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VersionFacts]:
    """A checkpoint that writes "answer: B" to whatever it is asked, and its facts."""
    folder = tmp_path_factory.mktemp("writing") / "model"
    text = ["\n", *"answer: B", END]
    digest = make_chain_checkpoint(folder, dict(itertools.pairwise(text)))
    return folder, VersionFacts(
        model="coding-mcqa",
        version="4",
        digest=digest,
        run_id="0123456789abcdef",
        commit="c0ffee",
        scoring="letter",
        from_scratch=False,
        template="letter-1",
    )


@pytest.fixture(scope="session")
def served_writing(
    writing_facts: tuple[Path, VersionFacts], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedBento]:
    checkpoint, facts = writing_facts
    folder = tmp_path_factory.mktemp("writing-bento")
    built = build_bento(checkpoint, facts, bento_home=folder / "home", out=folder / "v4.bento")
    with served_bento(unpack_bento(built.path, folder / "bento"), folder / "served") as running:
        yield running
