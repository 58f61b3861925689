"""The README and the generated pages say what is there, and all of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from docs.generate import PAGES, all_commands

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TREE = re.compile(r"^(?P<path>[\w.-]+/?) +(?P<phrase>\S.*)$", re.MULTILINE)
COMMANDS = all_commands()


def tracked() -> list[str]:
    """Paths that are, or will be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what belongs to the repository cannot be told")
    return [path for path in listed.stdout.splitlines() if (ROOT / path).exists()]


def tree() -> dict[str, str]:
    block = README.partition("## What is where")[2].partition("```\n")[2].partition("```")[0]
    return {found["path"]: found["phrase"] for found in TREE.finditer(block)}


def shown_commands() -> list[str]:
    """Every ``proctor ...`` and ``make ...`` of the README, as typed."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`((?:proctor|make) [^`]+)`", README)
    return [text for text in (*lines, *spans) if text.startswith(("proctor ", "make "))]


def command_of(words: list[str]) -> tuple[str, Any] | None:
    """The longest command that ``words`` begin with."""
    for length in (2, 1):
        path = " ".join(words[:length])
        if path in COMMANDS:
            return path, COMMANDS[path]
    return None


def test_the_tree_lists_every_folder_with_a_phrase_and_no_other() -> None:
    folders = {f"{path.partition('/')[0]}/" for path in tracked() if "/" in path}
    listed = {path for path in tree() if path.endswith("/")}
    assert listed == folders


def test_every_path_of_the_tree_is_there() -> None:
    assert len(tree()) > 10
    for path, phrase in tree().items():
        assert (ROOT / path).exists(), path
        assert (ROOT / path).is_dir() == path.endswith("/")
        assert len(phrase.split()) >= 3, path


def test_the_readme_opens_with_the_two_commands() -> None:
    opening = README.partition("\n## ")[0]
    assert re.findall(r"^make (\w+)", opening, re.MULTILINE) == ["demo", "test"]


def test_every_command_in_the_readme_exists() -> None:
    assert len(shown_commands()) > 15
    targets = re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for text in shown_commands():
        program, *words = text.split()
        if program == "make":
            assert words[0] in targets, text
            continue
        found = command_of(words)
        assert found is not None, text
        path, command = found
        assert not getattr(command, "commands", None), f"{text}: {path} is a group"
        known = {name for parameter in command.params for name in parameter.opts}
        flags = {word for word in words if word.startswith("--")}
        assert flags <= known | {"--help"}, text


def test_every_exit_code_is_told() -> None:
    from contracts.errors import ProctorError

    def codes(kind: type[ProctorError]) -> set[int]:
        return {kind.exit_code}.union(*(codes(child) for child in kind.__subclasses__()))

    block = README.partition("## Exit codes")[2].partition("\n## ")[0]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", block, re.MULTILINE)}
    assert told == codes(ProctorError) | {0, 130}


def test_every_link_of_the_readme_and_the_docs_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), f"run: .venv/bin/python docs/generate.py ({name} is behind)"


def test_every_extra_of_the_project_is_named() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra in set(project["optional-dependencies"]) - {"dev"}:
        assert f"`{extra}`" in README or f"[{extra}]" in README, extra


def test_every_variable_of_ours_is_in_the_table_and_no_other() -> None:
    block = README.partition("## Environment")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `(PROCTOR_\w+)` \|", block, re.MULTILINE))
    files = [path for path in tracked() if not path.startswith(("tests/", "docs/"))]
    code = [path for path in files if path.endswith((".py", ".yaml")) or path == "Makefile"]
    read = {
        name
        for path in code
        for name in re.findall(
            r"PROCTOR_[A-Z][A-Z_]*[A-Z](?![A-Z_])", (ROOT / path).read_text("utf-8")
        )
    }
    assert len(code) > 50
    assert told == read
