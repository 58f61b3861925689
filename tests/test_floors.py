"""Imports go down: the contracts hold, and a fault would be seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))

# A file each, and the contract that it breaks.
FAULTS = {
    "contracts/planted.py": ("import registry.events", "Floors"),
    "training/planted.py": ("import evaluation.suite", "Floors"),
    "gateway/planted.py": ("import bentos.answering", "Floors"),
    "mcq/bank/planted.py": ("import contracts.digests", "The bank is the standard library only"),
    "mcq/planted.py": ("import sqlalchemy", "The domain knows no platform"),
    "registry/planted.py": ("import mcq.scorer", "The registry knows no tensors"),
    "stats/planted.py": ("import pandas", "Statistics are pure"),
    # Indirectly: nothing here names MLflow.
    "gateway/asking.py": ("import registry.mlflow_versions", "The gateway is light"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_floors_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy with every fault in it."""
    copy = tmp_path_factory.mktemp("faulty")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name, (line, _) in FAULTS.items():
        with (copy / name).open("a", encoding="utf-8") as stream:
            stream.write(f"\n{line}\n")
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_planted_import_is_caught(faulty: str, name: str) -> None:
    line, contract = FAULTS[name]
    importer = name.removesuffix(".py").replace("/", ".")
    imported = line.removeprefix("import ")
    assert f"{contract}" in faulty
    broken = faulty.partition("Broken contracts")[2]
    section = broken.partition(f"\n{contract}")[2]
    assert importer in section, broken
    assert imported in section, broken


def test_every_package_is_under_a_contract() -> None:
    import tomllib

    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert linter["root_packages"] == PACKAGES
    layers = next(entry["layers"] for entry in linter["contracts"] if entry["type"] == "layers")
    assert sorted(" | ".join(layers).split(" | ")) == PACKAGES
