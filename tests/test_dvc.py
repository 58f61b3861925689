"""``dvc.yaml`` names the code that its stages run: all of it, and no other file."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.generate import all_commands

ROOT = Path(__file__).parents[1]
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")}
# They carry values and compute none: shapes and errors, the way to MLflow, the command line.
# A value that they would spoil is refused by who reads it.
CARRIERS = ("contracts", "registry", "proctor")
COMPUTES = ("contracts.digests",)
# MLflow runs this file from its path: no import names it.
LOADED_BY_PATH = {"train": ["training.mcqa_model"]}


def file_of(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    found = (place / "__init__.py", place.with_suffix(".py"))
    return next((file for file in found if file.is_file()), None)


def imported(source: str) -> Iterator[str]:
    """Every name that a source imports, anywhere in it; a module, or a thing of one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def carried(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in CARRIERS and module not in COMPUTES


def closure(names: Iterator[str] | list[str]) -> set[Path]:
    """Files of ours that are imported for ``names``, directly or through others."""
    found: set[Path] = set()
    waiting = list(names)
    while waiting:
        parts = waiting.pop().split(".")
        if parts[0] not in PACKAGES:
            continue
        for length in range(1, len(parts) + 1):
            module = ".".join(parts[:length])
            file = file_of(module)
            if file is None or file in found or carried(module):
                continue
            found.add(file)
            waiting += imported(file.read_text(encoding="utf-8"))
    return {file.relative_to(ROOT) for file in found if file.read_text().strip()}


def command_of(stage: str) -> Any:
    """The function that a stage's command line calls."""
    words = STAGES[stage]["cmd"].split()
    assert words[:3] == ["python", "-m", "proctor"]
    commands = all_commands()
    name = next(n for n in (" ".join(words[3:5]), words[3]) if n in commands)
    return inspect.unwrap(commands[name].callback)


def code_of(stage: str) -> set[Path]:
    source = textwrap.dedent(inspect.getsource(command_of(stage)))
    return closure([*imported(source), *LOADED_BY_PATH.get(stage, [])])


def deps_of(stage: str) -> set[Path]:
    return {Path(name) for name in STAGES[stage].get("deps", [])}


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_the_code_of_a_stage_is_a_dependency_of_it(stage: str) -> None:
    deps = deps_of(stage)
    # A package's __init__.py that holds its docstring alone changes nothing.
    files = {file for file in code_of(stage) if file.name != "__init__.py" or len(file.parts) > 2}
    missing = sorted(str(file) for file in files if not deps.intersection({file, *file.parents}))
    assert missing == [], f"add to dvc.yaml, stages.{stage}.deps: {', '.join(missing)}"


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_no_stage_waits_for_code_that_it_does_not_run(stage: str) -> None:
    code = code_of(stage)
    named = {dep for dep in deps_of(stage) if dep.parts[0] in PACKAGES}
    assert {dep for dep in named if not (ROOT / dep).exists()} == set()
    needless = {dep for dep in named if not any(dep in {f, *f.parents} for f in code)}
    assert needless == set()


def test_the_closure_follows_imports_inside_functions() -> None:
    files = code_of("train")
    assert Path("training/loop.py") in files, "imported by what the command imports"
    assert Path("mcq/scorer.py") in files, "loaded by path"
    assert not any(file.parts[0] in {"evaluation", "registry", "proctor"} for file in files)


def test_every_setting_that_a_stage_reads_is_watched() -> None:
    """A changed value of params.yaml runs something, but for what only registering reads."""
    watched = {key.split(".")[0] for stage in STAGES.values() for key in stage.get("params", [])}
    assert watched == set(yaml.safe_load((ROOT / "params.yaml").read_text()))
