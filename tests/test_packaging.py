"""One distribution: what the wheel holds, and that a gateway installs without heavy parts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HEAVY = ("torch", "transformers", "mlflow", "bentoml", "pandas", "numpy", "dvc", "evidently")
SCRIPTS = Path(sys.executable).parent


def tracked_packages() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*/__init__.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what belongs to the repository cannot be told")
    return sorted({path.partition("/")[0] for path in listed.stdout.splitlines()})


def uv(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """uv as ``make setup`` calls it: with pip's settings of the place, which it does not read."""
    links = (
        {"UV_FIND_LINKS": os.environ["PIP_FIND_LINKS"]} if "PIP_FIND_LINKS" in os.environ else {}
    )
    program = shutil.which("uv", path=f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}")
    assert program is not None, "uv is missing: `make setup` installs it"
    return subprocess.run(
        [program, *arguments],
        cwd=ROOT,
        env={**links, **os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_package_is_declared_wherever_packages_are_listed() -> None:
    tools = PYPROJECT["tool"]
    for declared in (
        tools["hatch"]["build"]["targets"]["wheel"]["packages"],
        tools["mypy"]["packages"],
        tools["importlinter"]["root_packages"],
        tools["coverage"]["run"]["source_pkgs"],
        tools["deptry"]["known_first_party"],
    ):
        assert declared == tracked_packages()


def test_the_lock_names_public_versions_only() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 100
    for line in pins:
        requirement = line.partition(" ;")[0]
        assert requirement.count("==") == 1, line
        assert "+" not in requirement, f"{line} is no public version"
        assert "://" not in line
        assert "/" not in line
    assert [line for line in pins if line.startswith("torch==")] == ["torch==2.13.0"]
    assert not [line for line in pins if line.startswith(("cuda-", "triton", "nvidia-cu"))]


def test_every_declared_dependency_is_locked() -> None:
    project = PYPROJECT["project"]
    declared = {
        name.partition("[")[0].rstrip("<>=!~ ").lower()
        for group in (project["dependencies"], *project["optional-dependencies"].values())
        for name in (entry.split(">")[0].split("=")[0].split("<")[0] for entry in group)
    } - {"proctor"}
    lines = [
        line
        for lock in ("requirements.lock", "requirements-benchmark.lock")
        for line in (ROOT / lock).read_text(encoding="utf-8").splitlines()
    ]
    locked = {line.partition("==")[0].partition("[")[0] for line in lines}
    assert {name.replace("_", "-") for name in declared} <= locked


def test_the_benchmarks_lock_adds_public_versions_and_moves_none_of_ours() -> None:
    def pins(lock: str) -> dict[str, str]:
        lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
        given = [line.partition(" ;")[0] for line in lines if not line.startswith("#")]
        return {line.partition("==")[0]: line.partition("==")[2] for line in given}

    added = pins("requirements-benchmark.lock")
    assert added["lm-eval"] == "0.4.13"
    assert not set(added) & set(pins("requirements.lock"))
    assert all(version and not set(version) & set("+/:") for version in added.values())


@pytest.mark.integration
def test_the_wheel_holds_the_declared_packages_and_nothing_else(tmp_path: Path) -> None:
    built = uv("build", "--wheel", "--out-dir", str(tmp_path))
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    (metadata,) = [top for top in tops if top.endswith(".dist-info")]
    assert sorted(tops - {metadata}) == tracked_packages()
    assert f"{metadata}/licenses/LICENSE" in names
    assert not [name for name in names if "test" in name or "__pycache__" in name]


@pytest.mark.integration
def test_a_gateway_installs_and_starts_without_heavy_parts(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    made = uv("venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv"))
    assert made.returncode == 0, made.stderr
    installed = uv(
        *("pip", "install", "--quiet", "--python", str(python)),
        *("--constraint", "requirements.lock", ".[gateway]"),
    )
    assert installed.returncode == 0, installed.stderr
    listed = uv("pip", "list", "--python", str(python), "--format", "json")
    names = {package["name"] for package in json.loads(listed.stdout)}
    assert {"proctor", "fastapi"} <= names
    assert not names & set(HEAVY)

    code = (
        "import sys\nimport gateway.app\nimport proctor.__main__\nimport proctor.plan\n"
        "import proctor.serving\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    # Away from the checkout, so that the installed packages are imported.
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr
    shown = subprocess.run(
        [python.with_name("proctor"), "gateway", "serve", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
